"""Refs: the name of one record of one vendor, the same in keys, events, state and screens."""

from dataclasses import field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from anji_common.errors import UndecodableError
from anji_common.values import frozen

__all__ = ["SYSTEMS", "Ref", "System"]


class System(StrEnum):
    """The two vendors. In mappings they are the sides `crm` and `erp`."""

    FXIAOKE = "fxiaoke"
    K3CLOUD = "k3cloud"

    @property
    def other(self) -> "System":
        """The system on the far side of every link."""
        return _ERP if self is _CRM else _CRM


SYSTEMS = _CRM, _ERP = tuple(System)
"""Both, in the order CRM, ERP."""


@frozen
class Ref:
    """One record of one system; hashable, so it serves as a key.

    The text form ``k3cloud/BD_Customer/100123`` is the record key of the change topics and
    the CloudEvents ``subject``. It holds the vendor's internal id, never a business
    number: people edit numbers.
    """

    system: System
    object_name: str
    """The vendor's own name of the object or form, such as ``AccountObj``."""
    record_id: str
    _text: str = field(init=False, repr=False, compare=False)
    """The text form, which every event asks for some twenty times."""

    def __post_init__(self) -> None:
        text = self.system + "/" + self.object_name + "/" + self.record_id
        object.__setattr__(self, "_text", text)

    def __str__(self) -> str:
        return self._text

    def __lt__(self, other: "Ref") -> bool:
        return str(self) < str(other)

    @staticmethod
    def parse(text: str) -> "Ref":
        """Return the ref that `text` spells.

        Raises:
            UndecodableError: `text` is not ``system/object/id``.
        """
        return _parsed(text)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: type[Any], _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """In models a ref is its text form."""
        return core_schema.no_info_plain_validator_function(
            _validated,
            serialization=core_schema.plain_serializer_function_ser_schema(str),
            json_schema_input_schema=core_schema.str_schema(
                pattern=r"^(fxiaoke|k3cloud)/[^/]+/.+$"
            ),
        )


_SYSTEMS = {system.value: system for system in System}


@lru_cache(maxsize=8192)  # every input names the same few refs several times
def _parsed(text: str) -> Ref:
    name, slash, rest = text.partition("/")
    object_name, slash2, record_id = rest.partition("/")
    system = _SYSTEMS.get(name)
    if system is None or not (slash and slash2 and object_name and record_id):
        msg = f"not a ref: {text[:200]!r}; expected system/object/id"
        raise UndecodableError(msg)
    return Ref(system, object_name, record_id)


def _validated(value: object) -> Ref:
    if isinstance(value, Ref):
        return value
    if not isinstance(value, str):
        msg = "a ref is text"
        raise TypeError(msg)
    try:
        return _parsed(value)
    except UndecodableError as error:
        raise ValueError(str(error)) from error

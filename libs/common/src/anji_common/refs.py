"""Refs: the name of one record of one vendor, the same in keys, events, state and screens."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from anji_common.errors import UndecodableError

__all__ = ["Ref", "System"]


class System(StrEnum):
    """The two vendors. In mappings they are the sides `crm` and `erp`."""

    FXIAOKE = "fxiaoke"
    K3CLOUD = "k3cloud"

    @property
    def other(self) -> "System":
        """The system on the far side of every link."""
        return System.K3CLOUD if self is System.FXIAOKE else System.FXIAOKE


@dataclass(frozen=True, slots=True, order=True)
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

    def __str__(self) -> str:
        return f"{self.system.value}/{self.object_name}/{self.record_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the ref that `text` spells.

        Raises:
            UndecodableError: `text` is not ``system/object/id``.
        """
        system, slash, rest = text.partition("/")
        object_name, slash2, record_id = rest.partition("/")
        if not (slash and slash2 and object_name and record_id and system in _SYSTEMS):
            msg = f"not a ref: {text[:200]!r}; expected system/object/id"
            raise UndecodableError(msg)
        return cls(System(system), object_name, record_id)

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


_SYSTEMS = frozenset(system.value for system in System)


def _validated(value: object) -> Ref:
    if isinstance(value, Ref):
        return value
    if not isinstance(value, str):
        msg = "a ref is text"
        raise TypeError(msg)
    try:
        return Ref.parse(value)
    except UndecodableError as error:
        raise ValueError(str(error)) from error

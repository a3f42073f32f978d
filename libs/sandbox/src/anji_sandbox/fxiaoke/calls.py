"""One call on its way through the CRM: who asks, what the body says, when.

Also the checks that many endpoints share: objects, ids and values taken out of a body.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.company import Employee
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.records import Batch, Records
from anji_sandbox.fxiaoke.shop import Shop
from anji_sandbox.store import Store

__all__ = ["Call"]


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call."""

    body: Mapping[str, Any]
    now: float
    caller: Employee
    on_custom_path: bool
    wants_open_user_ids: bool
    """`convertUserId`: employees travel as ``FSUID_…``, not as ``1000``."""
    shop: Shop
    records: Records
    store: Store
    wants_media_ids: bool = False
    """`convertMediaId`: files travel as mediaId, not as npath."""
    host: str = "localhost"
    """Where the caller reached the CRM: the host of addresses in answers."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Return the `data` of the body.

        Raises:
            RefusedError: there is none.
        """
        data = self.body.get("data")
        if not isinstance(data, dict):
            raise RefusedError(self.shop.switches.codes.bad_body, "data is empty")
        return data

    def batch(
        self, action: str = "update", *, raises_time: bool = True
    ) -> AbstractContextManager[Batch]:
        """Open the writes of this call, see `Records.batch`."""
        user = self.caller.open_user_id
        return self.records.batch(self.now, user, action, raises_time=raises_time)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a switch at the top level of the body."""
        value = self.body.get(name)
        return value if isinstance(value, bool) else default

    def object_named(self, name: object) -> ObjectSpec:
        """Return the object, if it exists and may be used on this path.

        Raises:
            RefusedError: it may not.
        """
        switches = self.shop.switches
        spec = self.object_of_any_path(name)
        if (
            spec.is_custom
            and not self.on_custom_path
            and switches.custom_on_preset_path != "accept"
        ):
            words = f"custom object {name} is not served on this path"
            raise RefusedError(switches.codes.preset_path, words)
        return spec

    def object_of_any_path(self, name: object) -> ObjectSpec:
        """Return the object.

        Raises:
            RefusedError: there is none.
        """
        spec = self.shop.objects.get(name) if isinstance(name, str) else None
        if spec is None or spec.name in self.shop.switches.inactive_objects:
            code = self.shop.switches.codes.unknown_object
            raise RefusedError(code, f"object {name} does not exist")
        return spec

    def object_of_data(self) -> ObjectSpec:
        """Return the object that `data.dataObjectApiName` names."""
        return self.object_named(self.data.get("dataObjectApiName"))

    def ids(self, name: str) -> list[str]:
        """Return a list of ids out of `data`.

        Raises:
            RefusedError: it is none, or empty.
        """
        ids = self.data.get(name)
        if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
            raise RefusedError(self.shop.switches.codes.required_missing, f"{name} is empty")
        return ids

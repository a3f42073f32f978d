"""The client: one method a service, over the session pool. It knows no mapping and no command.

It repeats nothing by itself, but for calls that a lost session kept from being carried out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from anji_common.errors import InDoubtError, UndecodableError
from anji_k3cloud.outcomes import query_error
from anji_k3cloud.sessions import Sessions
from anji_k3cloud.wire import Status, status_of

__all__ = ["Client"]

_FORMS = "DynamicFormService"


class Client:
    """One account set of one site."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def query(
        self,
        form_id: str,
        keys: Sequence[str],
        *,
        condition: str,
        order: str,
        limit: int,
    ) -> list[list[Any]]:
        """Return rows of cells in the order of `keys`, at most `limit`; decimals are `Decimal`.

        Header cells repeat in every row when a key of an entry is asked for; a record without
        entry rows gives one row. What is beyond `limit` is cut without a word.

        Args:
            form_id: Such as ``SAL_SaleOrder``.
            keys: Query keys: ``FBillNo``, ``FCustId.FNumber``, ``FSaleOrderEntry_FEntryId``.
            condition: FilterString; quotes inside of literals are doubled.
            order: OrderString.
            limit: Rows; sites allow 2,000 or 10,000.

        Raises:
            RefusedError: an unknown form, field or filter, or no permission.
            RecordBusyError: a conflict that passes.
            RateLimitedError: no calls left.
            VendorUnavailableError: no usable answer.
            AuthenticationError: our user may not call.
            UndecodableError: no rows, though no error either.

        Source: reference "k3cloud-webapi.md", sections 3.5 and 9.
        """
        data = {
            "FormId": form_id,
            "FieldKeys": ",".join(keys),
            "FilterString": condition,
            "OrderString": order,
            "TopRowCount": 0,
            "StartRow": 0,
            "Limit": limit,
            "SubSystemId": "",
        }
        found = await self._sessions.call(
            f"{_FORMS}.ExecuteBillQuery", {"data": data}, writes=False
        )
        status = status_of(found)
        if status is not None and not status.is_success:
            raise query_error(status)
        if not isinstance(found, list) or any(len(row) != len(keys) for row in found):
            msg = f"a query of {form_id} answered no rows of {len(keys)} cells: {str(found)[:120]}"
            raise UndecodableError(msg)
        return found

    async def business_info(self, form_id: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return what the site says of a form: ``Result.NeedReturnData`` with ``Entrys``.

        Raises:
            RefusedError: no such form, or no permission.
            RetriableError: no answer.
            AuthenticationError: our user may not call.

        Source: reference "k3cloud-webapi.md", section 2.2.
        """
        fields = {"data": {"FormId": form_id}}
        found = await self._sessions.call(f"{_FORMS}.QueryBusinessInfo", fields, writes=False)
        status = status_of(found)
        if status is not None and not status.is_success:
            raise query_error(status)
        return found

    async def batch_save(
        self, form_id: str, models: Sequence[Mapping[str, JsonValue]], *, fields: Sequence[str]
    ) -> Status:
        """Create or update records, each packet by itself; errors tell theirs by ``DIndex``.

        Rows that a packet does not name stay.

        Args:
            form_id: Such as ``SAL_SaleOrder``.
            models: Packets; one with the record's id updates it.
            fields: NeedUpDateFields: the only keys that are written; empty means all.

        Raises:
            InDoubtError: no answer; some, all or none may have been saved.
            VendorUnavailableError: nothing was sent.
            RateLimitedError: no calls left; nothing was saved.
            RefusedError: a firewall does not let the packets pass.

        Source: reference "k3cloud-webapi.md", sections 2.1, 3.1 to 3.3 and 9.
        """
        data = {
            "NeedUpDateFields": list(fields),
            "NeedReturnFields": [],
            "IsDeleteEntry": "false",
            "IsVerifyBaseDataField": "true",
            "ValidateFlag": "true",
            "NumberSearch": "true",
            "IsAutoAdjustField": "false",
            "IgnoreInterationFlag": "true",
            "Model": list(models),
        }
        return await self._write("BatchSave", form_id, data)

    async def submit(self, form_id: str, ids: Sequence[str]) -> Status:
        """Submit records (A or D to B); errors tell theirs by ``DIndex``. Raises as `batch_save`.

        Source: reference "k3cloud-webapi.md", sections 2.2 and 3.2.
        """
        return await self._write("Submit", form_id, {"Numbers": [], "Ids": ",".join(ids)})

    async def audit(self, form_id: str, ids: Sequence[str]) -> Status:
        """Audit records (B to C); errors tell theirs by ``DIndex``. Raises as `batch_save`.

        Source: reference "k3cloud-webapi.md", sections 2.2, 3.2 and 4.5 (IsVerifyProcInst).
        """
        data = {"Numbers": [], "Ids": ",".join(ids), "IsVerifyProcInst": "false"}
        return await self._write("Audit", form_id, data)

    async def _write(self, method: str, form_id: str, data: Mapping[str, Any]) -> Status:
        fields = {"formid": form_id, "data": data}
        found = await self._sessions.call(f"{_FORMS}.{method}", fields, writes=True)
        status = status_of(found)
        if status is None:
            msg = f"{method} of {form_id} answered no status: {str(found)[:120]}"
            raise InDoubtError(msg)
        return status

"""The client: one method a service, over the session pool. It knows no mapping and no command.

It repeats nothing by itself, but for calls that a lost session kept from being carried out.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import JsonValue

from anji_common.errors import InDoubtError, UndecodableError
from anji_k3cloud.outcomes import call_error, query_error
from anji_k3cloud.sessions import Sessions
from anji_k3cloud.wire import Status, shape_of, status_of

__all__ = ["Client"]

_FORMS = "DynamicFormService"


class Client:
    """One account set of one site."""

    def __init__(self, sessions: Sessions, *, operation_service: str = "ExcuteOperation") -> None:
        self._sessions = sessions
        self._operation_service = operation_service

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
        if not isinstance(found, list) or not all(
            isinstance(row, list) and len(row) == len(keys) for row in found
        ):
            msg = f"a query of {form_id} answered no rows of {len(keys)} cells: {shape_of(found)}"
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

    async def batch_save(  # noqa: PLR0913 - options of the call
        self,
        form_id: str,
        models: Sequence[Mapping[str, JsonValue]],
        *,
        fields: Sequence[str],
        returns: Sequence[str] = (),
        audits: bool = False,
        deletes_rows: bool = False,
    ) -> Status:
        """Create or update records, each packet by itself; errors tell theirs by ``DIndex``.

        Rows that a packet does not name stay, but with `deletes_rows`.

        Args:
            form_id: Such as ``SAL_SaleOrder``.
            models: Packets; one with the record's id updates it.
            fields: NeedUpDateFields: the only keys that are written; empty means all.
            returns: NeedReturnFields: keys whose stored values the answer tells.
            deletes_rows: IsDeleteEntry: stored rows that a packet does not name are taken out.
            audits: IsAutoSubmitAndAudit: submit and audit each once it is saved. What a refused
                audit does with the save is not documented.

        Raises:
            InDoubtError: no answer; some, all or none may have been saved.
            SessionLostError: the session was gone; look before sending it again.
            VendorUnavailableError: nothing was sent, or the site's licence is over.
            RateLimitedError: no calls left; nothing was saved.
            RefusedError: a firewall does not let the packets pass.
            AuthenticationError: our user may not call.

        Source: reference "k3cloud-webapi.md", sections 2.1, 3.1 to 3.3 and 9.
        """
        data = {
            "NeedUpDateFields": list(fields),
            "NeedReturnFields": list(returns),
            "IsDeleteEntry": "true" if deletes_rows else "false",
            "IsVerifyBaseDataField": "true",
            "ValidateFlag": "true",
            "NumberSearch": "true",
            "IsAutoAdjustField": "false",
            "IgnoreInterationFlag": "true",
            "Model": list(models),
        }
        if audits:
            data["IsAutoSubmitAndAudit"] = "true"
        return await self._write("BatchSave", form_id, data)

    async def draft(
        self,
        form_id: str,
        model: Mapping[str, JsonValue],
        *,
        fields: Sequence[str],
        returns: Sequence[str] = (),
        deletes_rows: bool = False,
    ) -> Status:
        """Create or update one record as a draft, without full validation.

        A draft may have no number. Takes and raises as `batch_save`, but for one packet.

        Source: reference "k3cloud-webapi.md", sections 0, 2, 2.1 and 3.1.
        """
        data = {
            "NeedUpDateFields": list(fields),
            "NeedReturnFields": list(returns),
            "IsDeleteEntry": "true" if deletes_rows else "false",
            "NumberSearch": "true",
            "IsAutoAdjustField": "false",
            "IgnoreInterationFlag": "true",
            "Model": model,
        }
        return await self._write("Draft", form_id, data)

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

    async def unaudit(self, form_id: str, ids: Sequence[str]) -> Status:
        """Take audits back (C to D); errors tell theirs by ``DIndex``. Raises as `batch_save`.

        Source: reference "k3cloud-webapi.md", sections 2.2 and 3.3.
        """
        data = {"Numbers": [], "Ids": ",".join(ids), "IsVerifyProcInst": "false"}
        return await self._write("UnAudit", form_id, data)

    async def cancel_assign(self, form_id: str, ids: Sequence[str]) -> Status:
        """Take submits back (B to D); errors tell theirs by ``DIndex``. Raises as `batch_save`.

        Source: reference "k3cloud-webapi.md", sections 2 and 2.2.
        """
        return await self._write("CancelAssign", form_id, {"Numbers": [], "Ids": ",".join(ids)})

    async def delete(self, form_id: str, ids: Sequence[str]) -> Status:
        """Remove records that are not submitted; they are gone. Raises as `batch_save`.

        Source: reference "k3cloud-webapi.md", sections 2.2, 3.2 and 3.6.
        """
        return await self._write("Delete", form_id, {"Numbers": [], "Ids": ",".join(ids)})

    async def operate(self, form_id: str, number: str, ids: Sequence[str]) -> Status:
        """Run a registered operation (``Forbid``, ``Cancel``) on records. Raises as `batch_save`.

        Sites differ in the service's spelling; both are accepted by most.

        Source: reference "k3cloud-webapi.md", sections 2, 2.2 and 8.
        """
        data = {"Numbers": [], "Ids": ",".join(ids), "PkEntryIds": []}
        method = self._operation_service
        return await self._write(method, form_id, data, {"opNumber": number})

    async def allocate(
        self, form_id: str, ids: Sequence[str], organisations: Sequence[str]
    ) -> Status:
        """Give base data to organisations, by their ids. Raises as `batch_save`.

        Source: reference "k3cloud-webapi.md", sections 2.2 and 4.1.
        """
        data = {"PkIds": ",".join(ids), "TOrgIds": ",".join(organisations)}
        return await self._write("Allocate", form_id, data)

    async def push(
        self,
        source_form: str,
        source_id: str,
        target_form: str,
        *,
        rule_id: str,
        entries: Sequence[str] = (),
    ) -> tuple[Status, Status | None]:
        """Make a downstream record from one, or from some of its entries; return how it went.

        That is how the save of the new record went, and how the conversion did.

        A record that cannot be saved becomes a draft, without a number. Raises as `batch_save`.
        The server guards nothing: a repeated push makes a second record.

        Source: reference "k3cloud-webapi.md", sections 2.2, 3.1, 4.5 and 4.7.
        """
        data = {
            "Ids": "" if entries else source_id,
            "Numbers": [],
            "EntryIds": ",".join(entries),
            "RuleId": rule_id,
            "TargetBillTypeId": "",
            "TargetOrgId": 0,
            "TargetFormId": target_form,
            "IsEnableDefaultRule": "false" if rule_id else "true",
            "IsDraftWhenSaveFail": "true",
            "CustomParams": {},
        }
        found = await self._told("Push", source_form, data, {})
        result = found.get("Result") if isinstance(found, dict) else None
        other = result.get("ConvertResponseStatus") if isinstance(result, dict) else None
        converted = status_of({"Result": {"ResponseStatus": other}})
        return self._status("Push", source_form, found), converted

    async def upload(
        self, form_id: str, record_id: str, number: str, name: str, content: str
    ) -> tuple[str, Status]:
        """Put a whole file to a record's head; return the file's id.

        Args:
            form_id: Such as ``SAL_SaleOrder``.
            record_id: Whose file it is.
            number: Its ``FBillNo``.
            name: Of the file.
            content: The whole file, in Base64.
        Raises as `batch_save`; nothing tells whether it is there already.

        Source: reference "k3cloud-webapi.md", section 2.2.
        """
        data = {
            "FileName": name,
            "FormId": form_id,
            "IsLast": True,
            "InterId": record_id,
            "Entrykey": "",
            "EntryinterId": "-1",
            "BillNo": number,
            "AliasFileName": name,
            "SendByte": content,
        }
        fields = {"data": data}
        found = await self._sessions.call(f"{_FORMS}.AttachmentUpload", fields, writes=True)
        result = found.get("Result") if isinstance(found, dict) else None
        told = str(result.get("FileId") or "") if isinstance(result, dict) else ""
        return told, self._status("AttachmentUpload", form_id, found)

    async def _write(
        self,
        method: str,
        form_id: str,
        data: Mapping[str, Any],
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Status:
        return self._status(method, form_id, await self._told(method, form_id, data, more))

    async def _told(
        self, method: str, form_id: str, data: Mapping[str, Any], more: Mapping[str, str]
    ) -> Any:  # noqa: ANN401 - JSON of any shape
        fields = {"formid": form_id, **more, "data": data}
        return await self._sessions.call(f"{_FORMS}.{method}", fields, writes=True)

    @staticmethod
    def _status(method: str, form_id: str, found: object) -> Status:
        """Return the status in the answer to a write; raises what is about us and no record."""
        status = status_of(found)
        if status is None:
            msg = f"{method} of {form_id} answered no status: {shape_of(found)}"
            raise InDoubtError(msg)
        if not status.is_success and not status.entities and (error := call_error(status)):
            raise error
        return status

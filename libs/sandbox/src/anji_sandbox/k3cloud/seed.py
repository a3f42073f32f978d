"""What every account set begins with: users, organisations, a currency, operators and stocks.

Source: reference "k3cloud-webapi.md", section 9: the Java SDK's credential test expects
``PRE001`` to be ``CNY``; section 4.1: an operator's number is employee, post and sequence.
"""

from collections.abc import Mapping

from anji_sandbox.k3cloud.base_forms import CURRENCY, ORGANISATION, USER
from anji_sandbox.k3cloud.credentials import Credentials
from anji_sandbox.k3cloud.forms import FormText
from anji_sandbox.k3cloud.more_base_forms import EMPLOYEE, OPERATOR, STOCK
from anji_sandbox.k3cloud.records import Records

__all__ = ["plant"]

_BEGINNING = "2026-01-01T00:00:00"


def plant(records: Records, credentials: Credentials) -> None:
    """Make the first records of a company, once."""
    users = {
        user.user_id: {"FUserAccount": user.name, "FName": user.title}
        for user in (credentials.integration, credentials.person)
    }
    with records.store.transaction():
        for source, planted in ((USER, users), *_PLANTED):
            _plant(records, source, planted)
    records.store.writes.clear()


_PLANTED: tuple[tuple[FormText, Mapping[int, Mapping[str, str]]], ...] = (
    (
        ORGANISATION,
        {
            1: {"FNumber": "100", "FName": "安济示例组织"},
            2: {"FNumber": "101", "FName": "安济示例分公司"},
        },
    ),
    (CURRENCY, {1: {"FNumber": "PRE001", "FName": "人民币", "FCODE": "CNY"}}),
    (
        EMPLOYEE,
        {
            1: {"FStaffNumber": "0001", "FName": "张伟", "FMobile": "13800000001"},
            2: {"FStaffNumber": "0002", "FName": "李娜", "FMobile": "13800000002"},
        },
    ),
    (
        OPERATOR,
        {
            1: {"FNumber": "0001_GW000001_1", "FName": "张伟"},
            2: {"FNumber": "0002_GW000001_1", "FName": "李娜"},
        },
    ),
    (
        STOCK,
        {
            1: {"FNumber": "CK001", "FName": "成品仓"},
            2: {"FNumber": "CK002", "FName": "备件仓"},
        },
    ),
)


def _plant(records: Records, source: FormText, planted: Mapping[int, Mapping[str, str]]) -> None:
    form = records.forms.standard(source)
    if records.of(form).by_id:
        return
    for record_id, fields in planted.items():
        head = {
            "FDocumentStatus": "C",
            "FForbidStatus": "A",
            "FCreateDate": _BEGINNING,
            "FModifyDate": _BEGINNING,
            "FApproveDate": _BEGINNING,
            **fields,
        }
        records.keep(form, {"id": record_id, "head": head, "rows": {}}, done="create")

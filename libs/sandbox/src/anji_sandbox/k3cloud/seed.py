"""What every account set begins with: users, organisations and one currency.

Source: reference "k3cloud-webapi.md", section 9: the Java SDK's credential test expects
``PRE001`` to be ``CNY``.
"""

from anji_sandbox.k3cloud.base_forms import CURRENCY, ORGANISATION, USER
from anji_sandbox.k3cloud.credentials import Credentials
from anji_sandbox.k3cloud.forms import Form
from anji_sandbox.k3cloud.records import Records

__all__ = ["plant"]

_BEGINNING = "2026-01-01T00:00:00"


def plant(records: Records, credentials: Credentials) -> None:
    """Make the first records of a company, once."""
    if records.of(USER).by_id:
        return
    with records.store.transaction():
        for user in (credentials.integration, credentials.person):
            _plant(records, USER, user.user_id, FUserAccount=user.name, FName=user.title)
        for at, (number, name) in enumerate(_ORGANISATIONS, 1):
            _plant(records, ORGANISATION, at, FNumber=number, FName=name)
        _plant(records, CURRENCY, 1, FNumber="PRE001", FName="人民币", FCODE="CNY")
    records.store.writes.clear()


_ORGANISATIONS = (("100", "安济示例组织"), ("101", "安济示例分公司"))


def _plant(records: Records, form: Form, record_id: int, **fields: str) -> None:
    head = {
        "FDocumentStatus": "C",
        "FForbidStatus": "A",
        "FCreateDate": _BEGINNING,
        "FModifyDate": _BEGINNING,
        "FApproveDate": _BEGINNING,
        **fields,
    }
    records.keep(form, {"id": record_id, "head": head, "rows": {}}, done="create")

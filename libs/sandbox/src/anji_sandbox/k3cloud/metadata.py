"""QueryBusinessInfo and the list of account sets: what a client may learn about the site.

Source: reference "k3cloud-webapi.md", sections 1.4 and 2.2.
"""

from anji_sandbox.k3cloud.answers import Json
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import unknown_form
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.credentials import LCID, Credentials
from anji_sandbox.k3cloud.forms import HEAD, Field, Form, Kind
from anji_sandbox.k3cloud.lifecycle import STEPS
from anji_sandbox.k3cloud.operations import operations_of

__all__ = ["business_info", "data_centers"]


def business_info(context: Context, call: Call) -> Json:
    """Answer QueryBusinessInfo for one form.

    Raises:
        Refusal: there is no such form.
    """
    form_id = str(lowered(call.data()).get("formid") or "")
    form = context.records.forms.find(form_id)
    if form is None:
        raise unknown_form(form_id)
    operations = {each.name: each.title for each in STEPS.values()}
    operations.update(operations_of(form))
    info = {
        "Id": form.form_id,
        "Name": _named(form.title),
        "PkFieldName": form.key,
        "Entrys": _entries(context, form),
        "Operations": [
            {"OperationNumber": number, "OperationName": _named(title)}
            for number, title in operations.items()
        ],
    }
    return {"Result": {"ResponseStatus": None, "NeedReturnData": info}}


def data_centers(credentials: Credentials) -> list[Json]:
    """Answer GetDataCenterList, which asks for no login."""
    name = "安济示例账套"
    return [
        {
            "Id": credentials.acct_id,
            "Number": "001",
            "Name": name,
            "LocaleValueName": _named(name),
            "DBType": 3,
            "AcctType": "0",
            "IsNeedValicationCode": False,
            "AuthenticationMethods": [],
            "DefaultMethods": 1,
            "RunTask": True,
            "Version": "8.2.0.0",
            "TenantId": "anji-sandbox",
            "GUID": credentials.acct_id,
            "Sites": [],
            "IsNotDefaultAdmin": False,
            "Publickey": None,
            "EncryptionType": 0,
            "SecondMethods": [],
        }
    ]


def _entries(context: Context, form: Form) -> list[Json]:
    absent = {each.lower() for each in context.switches.absent_fields}
    groups = [(HEAD, "FBillHead", form.title)]
    groups += [(each.key, each.key, each.title) for each in form.entities.values()]
    return [
        {
            "Key": key,
            "Name": _named(title),
            "Fields": [
                _field(each)
                for each in _fields(context, form, group)
                if f"{form.form_id}.{each.key}".lower() not in absent
            ],
        }
        for group, key, title in groups
    ]


def _fields(context: Context, form: Form, group: str) -> list[Field]:
    declared = [each for each in form.fields.values() if each.group == group]
    known = {each.key.lower() for each in declared}
    custom = (
        Field(key, Kind.TEXT, key, entity, group)
        for entity, key in context.records.custom_keys(form)
        if entity == group and key.lower() not in known
    )
    return [*declared, *custom]


def _field(field: Field) -> Json:
    return {
        "Key": field.key,
        "Name": _named(field.title),
        "MustInput": int(field.must),
        "FieldType": str(field.kind),
        "LookUpObjectFormId": field.target,
    }


def _named(title: str) -> list[Json]:
    return [{"Key": LCID, "Value": title}]

"""Groups of base data: GroupSave, GroupDelete, QueryGroupInfo.

A group is also what a field such as `FGroup` refers to, by number.
Source: reference "k3cloud-webapi.md", section 2.2, shows what GroupSave takes and that
QueryGroupInfo takes FormId and GroupFieldKey; their answers, and what GroupDelete takes, are open
(here: GroupPkIds), so clients can rely on none of it.
"""

from collections.abc import Iterator

from anji_sandbox.k3cloud.answers import Json, result, status
from anji_sandbox.k3cloud.body import Call, lowered
from anji_sandbox.k3cloud.codes import Code, Refusal, unknown_field, unknown_form
from anji_sandbox.k3cloud.context import Context
from anji_sandbox.k3cloud.forms import HEAD, Form
from anji_sandbox.k3cloud.targets import text_list

__all__ = ["delete_groups", "group_info", "save_group"]

_GROUPS = "k3cloud groups"
_USUAL = {"BD_Customer": "FGroup", "BD_MATERIAL": "FMaterialGroup"}


def save_group(context: Context, form: Form, call: Call) -> Json:
    """Answer GroupSave: a new group, or with GroupPkId another name for one.

    Raises:
        Refusal: no name, no such group or parent, or a number that is taken.
    """
    data = lowered(call.data())
    target = _target(form, str(data.get("groupfieldkey") or ""))
    given = str(data.get("grouppkid") or 0)
    number, name = str(data.get("fnumber") or "").strip(), str(data.get("fname") or "").strip()
    if not number or not name:
        key = "FNumber" if not number else "FName"
        raise Refusal(Code.PARAMETER, f"data 数据包中的参数 {key} 的值不能为空", key)
    taken = [each for each in _groups(context, target) if each["number"] == number]
    if any(str(each["id"]) != given for each in taken):
        text = f"违反字段唯一性要求：编码唯一。[{number}]在当前系统中已经被使用。"
        raise Refusal(Code.INVALID, text, "FNumber")
    if given != "0":
        _known(context, target, given)
    parent = str(data.get("fparentid") or 0)
    if parent != "0":
        _known(context, target, parent)
    group_id = int(given) if given != "0" else context.records.base_id(target, number)
    group = {"id": group_id, "kind": target, "number": number, "name": name,
             "parent": int(parent), "note": str(data.get("fdescription") or "")}  # fmt: skip
    context.records.store.put(_GROUPS, str(group_id), group)
    entity = {"Id": group_id, "Number": number, "DIndex": 0}
    return result(status([entity], (), ok=True), Id=group_id, Number=number)


def delete_groups(context: Context, call: Call) -> Json:
    """Answer GroupDelete.

    Raises:
        Refusal: no such form or group.
    """
    data = lowered(call.data())
    target = _target(_form(context, data), str(data.get("groupfieldkey") or ""))
    ids = text_list(data.get("grouppkids"))
    if not ids:
        raise Refusal(Code.PARAMETER, "data 数据包中的参数 GroupPkIds 的值不能为空", None)
    found = [_known(context, target, each) for each in ids]
    for each in found:
        context.records.store.delete(_GROUPS, str(each["id"]))
    entities = [
        {"Id": each["id"], "Number": each["number"], "DIndex": at} for at, each in enumerate(found)
    ]
    return result(status(entities, (), ok=True))


def group_info(context: Context, call: Call) -> Json:
    """Answer QueryGroupInfo with every group of a form.

    Raises:
        Refusal: no such form or field.
    """
    data = lowered(call.data())
    target = _target(_form(context, data), str(data.get("groupfieldkey") or ""))
    told = [
        {
            "FID": each["id"],
            "FNumber": each["number"],
            "FName": each["name"],
            "FParentId": each["parent"],
            "FDescription": each["note"],
        }
        for each in _groups(context, target)
    ]
    return result(status([], (), ok=True), NeedReturnData=told)


def _form(context: Context, data: Json) -> Form:
    form_id = str(data.get("formid") or "")
    form = context.records.forms.find(form_id)
    if form is None:
        raise unknown_form(form_id)
    return form


def _target(form: Form, key: str) -> str:
    wanted = key.strip() or _USUAL.get(form.form_id, "")
    field = form.field_of(HEAD, wanted) if wanted else None
    if field is None or not field.target:
        raise unknown_field(wanted)
    return field.target


def _groups(context: Context, target: str) -> Iterator[Json]:
    return (each for each in context.records.store.all(_GROUPS) if each["kind"] == target)


def _known(context: Context, target: str, group_id: str) -> Json:
    found = context.records.store.get(_GROUPS, group_id)
    if found is None or found["kind"] != target:
        raise Refusal(Code.NOT_FOUND, f"分组内码值[“{group_id}”]不存在", None)
    return found

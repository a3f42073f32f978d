"""The team of a record: who else may see and edit it.

Kept in `relevant_team`; it does not widen what `own_records_only` shows. Source: reference section
2.1 for paths and objects; the parameters are S13's and the answer of ``team/get`` is S4's, sources
that the reference names without showing them.
"""

from anji_sandbox.fxiaoke.calls import Call
from anji_sandbox.fxiaoke.codes import RefusedError
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.fxiaoke.seen import existing
from anji_sandbox.store import Record

__all__ = ["add", "delete", "edit", "get"]

_OBJECTS = frozenset({"AccountObj", "OpportunityObj"})
_MEMBER = "teamMemberEmployee"
_KEYS = (_MEMBER, "teamMemberRole", "teamMemberPermissionType")


def add(call: Call) -> Record:
    """Add members, by `dataIDs` and `teamMemberEmployee`; who is in already gets the new role."""
    members = _employees(call, call.data.get(_MEMBER))
    role = {name: str(call.data.get(name, "")) for name in _KEYS[1:]}
    new = [{_MEMBER: [each], **role} for each in members]
    for spec, record in _records(call, call.ids("dataIDs")):
        kept = [each for each in _team(record) if not set(each[_MEMBER]) & set(members)]
        _store(call, spec, record, kept + new)
    return {}


def edit(call: Call) -> Record:
    """Make `teamMemberInfos` the team of the record `dataID`."""
    infos = call.data.get("teamMemberInfos")
    if not isinstance(infos, list) or not all(isinstance(each, dict) for each in infos):
        raise RefusedError(call.shop.switches.codes.bad_body, "teamMemberInfos is no list of maps")
    team: list[Record] = [
        {
            _MEMBER: _employees(call, each.get(_MEMBER)),
            **{name: str(each.get(name, "")) for name in _KEYS[1:]},
        }
        for each in infos
    ]
    for spec, record in _records(call, [call.data.get("dataID")]):
        _store(call, spec, record, team)
    return {}


def get(call: Call) -> Record:
    """Return the team of the record `dataID`."""
    ((_, record),) = _records(call, [call.data.get("dataID")])
    return {"data": {"objectList": _team(record)}}


def delete(call: Call) -> Record:
    """Take members out, by `dataIDs` and `teamMemberEmployee`."""
    gone = set(_employees(call, call.data.get(_MEMBER)))
    for spec, record in _records(call, call.ids("dataIDs")):
        _store(
            call, spec, record, [each for each in _team(record) if not set(each[_MEMBER]) & gone]
        )
    return {}


def _records(call: Call, ids: list[str] | list[object]) -> list[tuple[ObjectSpec, Record]]:
    name = str(call.body.get("apiName"))
    if name not in _OBJECTS:
        raise RefusedError(call.shop.switches.codes.bad_body, f"{name} has no team")
    spec = call.object_of_any_path(name)
    return [(spec, existing(call, spec, each)) for each in ids]


def _employees(call: Call, given: object) -> list[str]:
    asked = given if isinstance(given, list) else []
    found = [call.shop.company.employee(str(each)) for each in asked]
    if not found or None in found:
        code = call.shop.switches.codes.unknown_employee
        raise RefusedError(code, f"no such employee: {given}")
    return [each.open_user_id for each in found if each]


def _team(record: Record) -> list[Record]:
    return list(record.get("relevant_team") or ())


def _store(call: Call, spec: ObjectSpec, record: Record, team: list[Record]) -> None:
    with call.batch() as batch:
        call.records.change(batch, spec, record, {"relevant_team": team or None})

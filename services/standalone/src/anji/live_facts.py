"""What both vendors say of the objects that mappings name, for ``anji mapping check --live``.

Nothing is written. It costs a paid call for the CRM's list of objects and one for each object and
detail object; the ERP's are free.
"""

from collections.abc import Mapping

from anji_common.errors import AnjiError, RejectedError
from anji_common.interest import FieldKind, Interest, ObjectInterest
from anji_fxiaoke.described import FieldDescription, ObjectDescription, reads_as
from anji_fxiaoke.metadata import Metadata
from anji_k3cloud.catalogue import KNOWN_FORMS
from anji_k3cloud.described import EntryInfo, FormInfo, suspects
from anji_k3cloud.service import Connection
from anji_mapper.mapping.live import FieldFacts, ObjectFacts, SystemFacts

__all__ = ["crm_facts", "erp_facts"]


async def crm_facts(metadata: Metadata, interest: Interest) -> SystemFacts:
    """Return what the CRM says.

    Raises:
        RetriableError, FatalError: it says nothing at all.
    """
    names = [each.object_name for each in await metadata.objects()]
    objects = {
        each.object_name: await _crm_object(metadata, each, names)
        for each in interest.objects
        if each.object_name in names
    }
    return SystemFacts(objects, names)


async def _crm_object(
    metadata: Metadata, interest: ObjectInterest, names: list[str]
) -> ObjectFacts:
    lines = {}
    try:
        head = _crm_fields(await metadata.describe(interest.object_name))
        for each in interest.lines:
            if each.path in names:
                lines[each.path] = _crm_fields(await metadata.describe(each.path))
    except RejectedError as error:
        return ObjectFacts(refusal=f"the CRM does not describe it: {error}")
    return ObjectFacts(head, lines, id_field=_CRM_ID, row_id=_CRM_ID)


_CRM_ID = "_id"
_FILLED = frozenset({"owner", "record_type", "name"})
"""Required in every object: the writer fills in the first two, the CRM numbers the third."""


def _crm_fields(described: ObjectDescription) -> Mapping[str, FieldFacts]:
    return {
        path: FieldFacts(
            label=each.label,
            kinds=frozenset(kind for kind in FieldKind if reads_as(each, kind)),
            is_required=each.is_required and path not in _FILLED and not _names_head(each),
            options=each.options,
        )
        for path, each in described.fields.items()
        if each.is_active
    }


def _names_head(each: FieldDescription) -> bool:
    """Whether a line is put under its head by it, which the writer does."""
    return each.type == "master_detail"


async def erp_facts(erp: Connection, interest: Interest) -> SystemFacts:
    """Return what the ERP says.

    Raises:
        RetriableError, FatalError: it says nothing at all.
    """
    objects: dict[str, ObjectFacts] = {}
    for each in interest.objects:
        try:
            info = await erp.metadata.describe(each.object_name)
        except RejectedError as error:
            if not await _exists(erp, each):
                continue
            objects[each.object_name] = ObjectFacts(refusal=f"it is not described: {error}")
            continue
        objects[each.object_name] = await _erp_object(erp, each, info)
    names = [each.form_id for each in KNOWN_FORMS]  # it tells no list of its own
    return SystemFacts(objects, names, ignores_case=True)


async def _exists(erp: Connection, interest: ObjectInterest) -> bool:
    try:
        await erp.client.query(
            interest.object_name, [interest.id_field], condition="", order="", limit=1
        )
    except RejectedError:
        return False
    return True


async def _erp_object(erp: Connection, interest: ObjectInterest, info: FormInfo) -> ObjectFacts:
    """Return a form's facts; a field that its description lacks is asked for once."""
    mapped = {each.path.lower(): each.path for each in interest.lines}
    head, *entries = info.entries
    lines = {
        mapped[entry.key.lower()]: _erp_fields(entry)
        for entry in entries
        if entry.key.lower() in mapped
    }
    groups = {entry.key: _erp_fields(entry) for entry in entries}
    plain = [entry for entry in entries if entry.key.lower() not in mapped]
    under = {
        key: FieldFacts(facts.label, facts.kinds)
        for entry in plain
        for key, facts in groups[entry.key].items()
    }
    try:
        lacking = set((await erp.metadata.known(interest)).unread)
    except AnjiError:  # its number or marker is not there: told by the comparison
        lacking = {each.path for each in suspects(interest, info)}
    there = {each.path for each in suspects(interest, info)} - lacking
    return ObjectFacts(
        {**under, **_erp_fields(head)},
        lines,
        groups,
        id_field=info.id_field,
        confirmed=frozenset(there),
    )


def _erp_fields(entry: EntryInfo) -> Mapping[str, FieldFacts]:
    base_data = frozenset({FieldKind.NUMBER, FieldKind.REFERENCE, FieldKind.TEXT})
    return {
        each.key: FieldFacts(each.name, base_data if each.refers_to else None, each.is_must)
        for each in entry.fields
    }

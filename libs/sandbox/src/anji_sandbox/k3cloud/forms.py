"""Forms as data: what fields a form has, in which entity, of which kind.

A form is written as text, one field a line (see `base_forms` and `bill_forms`):
``key kind title [must] [ro] [?] [=default]``; ``?`` marks a key that no source shows. A line
``[Key] single|rows title [of Parent]`` opens an entity or goes on with one, ``[]`` goes back to
the head. Fields of a *single* entity (a sub-head) are stored on the head and queried like its
fields. Keys are matched without regard to case.

A default ``@key`` is the row's or head's own value of another field, ``@today`` the day of the
call, ``@org`` the caller's organisation.

Base data with a field ``FUseOrgId`` belongs to an organisation, and a bill may name it only where
it is allocated to the bill's own (`Form.org`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HEAD", "Entity", "Field", "Form", "FormText", "Kind", "is_custom", "read_form"]


class Kind(StrEnum):
    """What a field holds, and so how it is stored, compared and answered."""

    TEXT = "text"
    NAME = "name"
    """A text in several languages; only one is kept."""
    NUMBER = "number"
    INTEGER = "int"
    DATE = "date"
    TIME = "time"
    FLAG = "flag"
    REFERENCE = "ref"
    FLEX = "flex"
    """A flex value such as ``{"FSTOCKLOCID__FF100004": {"FNumber": "1-2"}}``; kept as
    ``{"FF100004": "1-2"}``."""


HEAD = ""

_CUSTOM = re.compile(r"[Ff]_[A-Za-z0-9]+_\w+", re.ASCII)


def is_custom(key: str) -> bool:
    """Say whether a key is that of a custom field, such as ``F_ABCD_Text``."""
    return _CUSTOM.fullmatch(key) is not None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one entity."""

    key: str
    kind: Kind
    title: str
    entity: str
    """Key of the entity it is stored in; empty for the head, also for fields of a sub-head."""
    group: str
    """Key of the entity it is sent in: a sub-head's key where that differs from `entity`."""
    target: str = ""
    """What a reference names: a form, or a kind of base data that is not kept."""
    must: bool = False
    readonly: bool = False
    default: str | None = None
    is_verified: bool = True
    """Whether the reference shows the key; where not, it stands as data."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A sub-head (`single`) or a list of rows, itself perhaps under a row."""

    key: str
    title: str
    single: bool
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormText:
    """One business object as it is written down."""

    form_id: str
    title: str
    key: str
    number: str
    name: str = ""
    prefix: str = ""
    org: str = ""
    is_readonly: bool = False
    is_key_shown: bool = True
    """Whether a source shows the primary key."""
    is_plain: bool = False
    """Without the fields that all forms have: states, users, dates."""
    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """One business object."""

    form_id: str
    title: str
    key: str
    """The primary key's field, such as ``FID``."""
    number: str
    """The number's field, ``FBillNo`` or ``FNumber``."""
    name: str
    """The field that `FName` of a reference answers; empty for bills."""
    prefix: str
    """What the coding rule puts before the digits; empty where nobody makes records."""
    org: str
    """The head field of the organisation that must be allowed to use what a bill names."""
    is_readonly: bool
    source: FormText
    entities: Mapping[str, Entity]
    """By lower-case key."""
    fields: Mapping[tuple[str, str], Field]
    """By the group's key and the field's own, the latter in lower case."""
    by_key: Mapping[str, tuple[Field, ...]]
    """By lower-case key, whatever the entity."""
    by_entity: Mapping[str, tuple[Field, ...]]
    """By the key of the entity that they are stored in."""

    @property
    def is_bill(self) -> bool:
        """Say whether this is a bill and not base data."""
        return self.number == "FBillNo"

    @property
    def is_allocated(self) -> bool:
        """Say whether its records belong to organisations and are allocated to others."""
        return (HEAD, "fuseorgid") in self.fields

    def field_of(self, group: str, key: str) -> Field | None:
        """Return the field that a packet's key means in an entity, also a custom one."""
        found = self.fields.get((group, key.lower()))
        if found is not None or not is_custom(key):
            return found
        entity = self.entities.get(group.lower())
        stored = HEAD if entity is None or entity.single else group
        return Field(key, Kind.TEXT, key, stored, group)

    def stored_in(self, entity: str) -> tuple[Field, ...]:
        """Return the fields stored on the head (empty key) or on an entity's rows."""
        return self.by_entity.get(entity, ())

    def rows_under(self, parent: str) -> tuple[Entity, ...]:
        """Return the lists of rows right under the head or under another list."""
        found = self.entities.values()
        return tuple(each for each in found if not each.single and each.parent == parent)


_COMMON = """
FDocumentStatus text 单据状态 ro
FCreatorId ref:SEC_User 创建人 ro
FCreateDate time 创建日期 ro
FModifierId ref:SEC_User 修改人 ro
FModifyDate time 修改日期 ro
FApproverId ref:SEC_User 审核人 ro
FApproveDate time 审核日期 ro
FVersionNo text 版本号 ro
F_ANJI_MARKER text 安济标记
"""
_BASE = """
FForbidStatus text 禁用状态 ro =A
FForbidderId ref:SEC_User 禁用人 ro
FForbidDate time 禁用日期 ro
"""
_BILL = """
FCancelStatus text 作废状态 ro =A
FCancellerId ref:SEC_User 作废人 ro
FCancelDate time 作废日期 ro
FCloseStatus text 关闭状态 ro =A
FCloserId ref:SEC_User 关闭人 ro
FCloseDate time 关闭日期 ro
"""
_ROW = "F_ANJI_LINE text 安济行标记"


def read_form(source: FormText) -> Form:
    """Return the form that a text describes, with the fields that all its kind have.

    Raises:
        ValueError: a line is no field and no entity.
    """
    number = source.number
    extra = "" if source.is_plain else (_BILL if number == "FBillNo" else _BASE) + _COMMON
    entities: dict[str, Entity] = {}
    fields: dict[tuple[str, str], Field] = {}
    group = HEAD
    for line in [*extra.splitlines(), *source.text.splitlines()]:
        if not line.strip():
            continue
        if line.strip() == "[]":
            group = HEAD
        elif line.startswith("["):
            entity = _entity(line.split())
            entities.setdefault(entity.key.lower(), entity)
            group = entity.key
            if not entity.single and not entity.parent:
                _add(fields, _field(_ROW.split(), group, group))
        else:
            stored = HEAD if group and entities[group.lower()].single else group
            _add(fields, _field(line.split(), group, stored))
    by_key: dict[str, tuple[Field, ...]] = {}
    for (_, lower), each in fields.items():
        by_key[lower] = (*by_key.get(lower, ()), each)
    by_entity: dict[str, tuple[Field, ...]] = {}
    for each in fields.values():
        by_entity[each.entity] = (*by_entity.get(each.entity, ()), each)
    return Form(
        form_id=source.form_id,
        title=source.title,
        key=source.key,
        number=number,
        name=source.name,
        prefix=source.prefix,
        org=source.org,
        is_readonly=source.is_readonly,
        source=source,
        entities=entities,
        fields=fields,
        by_key=by_key,
        by_entity=by_entity,
    )


def _add(fields: dict[tuple[str, str], Field], found: Field) -> None:
    fields[found.group, found.key.lower()] = found


def _entity(words: list[str]) -> Entity:
    if len(words) < 3 or words[1] not in ("single", "rows"):  # noqa: PLR2004 - as written below
        msg = f"an entity is written: [Key] single|rows title [of Parent]; not: {' '.join(words)}"
        raise ValueError(msg)
    parent = words[4] if len(words) > 4 else HEAD  # noqa: PLR2004 - [Key] kind title of Parent
    return Entity(words[0].strip("[]"), words[2], words[1] == "single", parent)


def _field(words: list[str], group: str, stored: str) -> Field:
    try:
        key, kind, title, *flags = words
    except ValueError as exc:
        msg = f"a field is written: key kind title [flags]; not: {' '.join(words)}"
        raise ValueError(msg) from exc
    kind, _, target = kind.partition(":")
    default = next((flag[1:] for flag in flags if flag.startswith("=")), None)
    return Field(
        key,
        Kind(kind),
        title,
        stored,
        group,
        target,
        must="must" in flags,
        readonly="ro" in flags,
        default=default,
        is_verified="?" not in flags,
    )

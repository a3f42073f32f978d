"""Forms as data: what fields a form has, in which entity, of which kind.

A form is written as text, one field a line (see `base_forms` and `bill_forms`):
``key kind title [must] [ro] [=default]``. A line ``[Key] single|rows title [of Parent]`` opens an
entity. Fields of a *single* entity (a sub-head) are stored on the head and queried like its
fields. Keys are matched without regard to case.

A default ``@key`` is the row's or head's own value of another field, ``@today`` the day of the
call, ``@org`` the caller's organisation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HEAD", "Entity", "Field", "Form", "Kind", "is_custom", "read_form"]


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


@dataclass(frozen=True, slots=True)
class Entity:
    """A sub-head (`single`) or a list of rows, itself perhaps under a row."""

    key: str
    title: str
    single: bool
    parent: str


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
    entities: Mapping[str, Entity]
    """By lower-case key."""
    fields: Mapping[tuple[str, str], Field]
    """By the group's key and the field's own, the latter in lower case."""
    by_key: Mapping[str, tuple[Field, ...]]
    """By lower-case key, whatever the entity."""

    @property
    def is_bill(self) -> bool:
        """Say whether this is a bill and not base data."""
        return self.number == "FBillNo"

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
        return tuple(each for each in self.fields.values() if each.entity == entity)

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


def read_form(  # noqa: PLR0913 - one argument a fact of the form
    form_id: str, title: str, *, key: str, number: str, name: str = "", prefix: str = "", text: str
) -> Form:
    """Return the form that `text` describes, with the fields that all its kind have."""
    extra = _BILL if number == "FBillNo" else _BASE
    entities: dict[str, Entity] = {}
    fields: dict[tuple[str, str], Field] = {}
    group = HEAD
    for line in [*extra.splitlines(), *_COMMON.splitlines(), *text.splitlines()]:
        if not line.strip():
            continue
        if line.startswith("["):
            entity = _entity(line.split())
            entities[entity.key.lower()] = entity
            group = entity.key
            if not entity.single and not entity.parent:
                _add(fields, _field(_ROW.split(), group, group))
        else:
            stored = HEAD if group and entities[group.lower()].single else group
            _add(fields, _field(line.split(), group, stored))
    by_key: dict[str, tuple[Field, ...]] = {}
    for (_, lower), each in fields.items():
        by_key[lower] = (*by_key.get(lower, ()), each)
    return Form(form_id, title, key, number, name, prefix, entities, fields, by_key)


def _add(fields: dict[tuple[str, str], Field], found: Field) -> None:
    fields[found.group, found.key.lower()] = found


def _entity(words: list[str]) -> Entity:
    parent = words[4] if len(words) > 4 else HEAD  # noqa: PLR2004 - [Key] kind title of Parent
    return Entity(words[0].strip("[]"), words[2], words[1] == "single", parent)


def _field(words: list[str], group: str, stored: str) -> Field:
    key, kind, title, *flags = words
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
    )

"""Commands: wishes to one vendor, ``<system>.commands.v1`` and ``<system>.commands.bulk.v1``.

A command holds all that a writer needs: it looks nothing up in other topics and keeps no
memory of its own but its attempts. Values travel in normal form (`Document`); the writer's
connector turns them into the vendor's spelling, by the kinds of its `Interest`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, GetCoreSchemaHandler, JsonValue
from pydantic_core import CoreSchema, core_schema

from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.topics import Lane, commands_topic

__all__ = [
    "Action",
    "Attachment",
    "Command",
    "CommandNumber",
    "Finish",
    "LookUp",
    "Operation",
    "Push",
    "RowRemoval",
    "RowWish",
]


class Action(StrEnum):
    """What is wished."""

    CREATE = "create"
    UPDATE = "update"
    MESSAGE = "message"
    """A message to people; sent at most once (``protocol.md`` 21)."""

    OPERATE = "operate"
    """Something done to a record as a whole (`Command.operation`): no value of it is named."""


class Operation(StrEnum):
    """What OPERATE does, in words that both vendors share; each spells them its own way."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    """Take a submit back."""

    AUDIT = "audit"
    UNAUDIT = "unaudit"
    FORBID = "forbid"
    """Base data: no new document may name it."""

    ENABLE = "enable"
    """Takes FORBID back."""

    VOID = "void"
    """A document: it counts no more, and stays to be seen."""

    UNVOID = "unvoid"
    CLOSE = "close"
    UNCLOSE = "unclose"
    DELETE = "delete"
    ALLOCATE = "allocate"
    """Base data: give it to `Command.organisations`."""


class Finish(StrEnum):
    """How far an ERP record is to be taken."""

    DRAFT = "draft"
    """Kept without full validation: people complete it."""
    SAVED = "saved"
    SUBMITTED = "submitted"
    AUDITED = "audited"


@dataclass(frozen=True, slots=True, order=True)
class CommandNumber:
    """Orders the commands of one seat to one system (``protocol.md`` 12).

    The generation rises whenever the seat's state is made anew, so numbers never restart.
    """

    generation: int
    n: int

    def __str__(self) -> str:
        return f"{self.generation}-{self.n}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the number that `text` spells; ValueError if none."""
        generation, dash, n = text.partition("-")
        if not dash:
            msg = f"not a command number: {text[:60]!r}"
            raise ValueError(msg)
        return cls(int(generation), int(n))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: type[Any], _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """In models a number is its text form."""
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(value),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
            json_schema_input_schema=core_schema.str_schema(pattern=r"^\d+-\d+$"),
        )


class LookUp(Event):
    """One way to find the record that a create would make (``protocol.md`` 4)."""

    by: Literal["marker", "number", "natural key"]
    """Marker and number find only what was made for this seat; a natural key finds others' too."""

    conditions: dict[str, JsonValue]
    """Head path → value in normal form, all of which must hold."""


class RowWish(Event):
    """One line as the target should hold it."""

    source_id: str
    """The line's id on the other side; a result answers under it."""

    target_id: str | None = None
    """The line's id in the target; `None` for a line to be added."""

    values: dict[str, JsonValue]
    """Path inside the row → wished value, in normal form."""

    base: dict[str, JsonValue] | None = None
    """What the link had seen of these paths when it decided; `None` for a line to be added."""


class RowRemoval(Event):
    """One line that the target should hold no more.

    A line is only ever taken out by its id: what a command does not name stays.
    """

    source_id: str
    """The id of the line that it was the partner of on the other side, where it is gone."""

    target_id: str
    """The line's id in the target."""

    base: dict[str, JsonValue]
    """What the link had seen in the line when it decided, by path inside the row. A line that
    holds something else by now was edited meanwhile, and stays (``protocol.md`` 18)."""


class Push(Event):
    """CREATE in the ERP: make the record from another one by the vendor's conversion."""

    source: Ref
    """What is pushed."""

    source_number: str
    """Its business number: what the pushed record names, and so the guard against a second."""

    rule_id: str = ""
    """The vendor's conversion rule; empty takes the default one."""

    entries: tuple[str, ...] = ()
    """Entry ids of `source`: only these lines are pushed; empty pushes all."""


class Attachment(Event):
    """A file to be put to a record."""

    name: str
    content: str
    """Base64."""


class Command(Event):
    """A wish to one vendor, decided by one seat."""

    seat: Ref
    """Who issued it, and the key of the record."""

    number: CommandNumber
    system: System
    object_name: str
    """The target object: ``BD_Customer``; for a message the object that it is about."""

    action: Action
    link_type: str
    mapping_version: str
    """Content hash of the mapping that made it."""

    issued_at: AwareDatetime
    target: Ref | None = None
    """UPDATE: which record. MESSAGE: the record to link to, if any. CREATE: none."""

    values: dict[str, JsonValue] = Field(default_factory=dict)
    """Head path → wished value, in normal form; a create's marker is one of them."""

    base: dict[str, JsonValue] = Field(default_factory=dict)
    """UPDATE: the target's values of the same paths, as the link had seen them."""

    base_modified_at: AwareDatetime | None = None
    """UPDATE: the modify time that the link had seen on the target."""

    rows: dict[str, tuple[RowWish, ...]] = Field(default_factory=dict)
    """Lines path (``FSaleOrderEntry``) → the lines to be made (CREATE: all) or changed."""

    removes: dict[str, tuple[RowRemoval, ...]] = Field(default_factory=dict)
    """UPDATE: lines path → the lines to be taken out, each by its id. The target is compared
    with their bases before, whether reads are paid or not."""

    numbers: dict[str, str] = Field(default_factory=dict)
    """Ref text → business number, for every reference in `values` and `rows` that has one."""

    packet: dict[str, JsonValue] = Field(default_factory=dict)
    """CREATE: every field of the target's packet, as the vendor spells it, with defaults in the
    places that `values` fill. A list under a lines path holds the template of one row."""

    look_ups: tuple[LookUp, ...] = ()
    """CREATE: how to find it before making it, in this order."""

    only_matches: bool = False
    """CREATE: look for it, and make nothing where nothing is found."""

    finish: Finish = Finish.SAVED
    """CREATE: how far it is taken. UPDATE: how far it is taken again, where `reopens` or an
    earlier attempt took it back; what the mapper saw it at before."""

    reopens: bool = False
    """UPDATE: an audited or submitted record is taken back, saved, and taken on to `finish`.
    Without it the vendor's refusal to change such a record stands."""

    operation: Operation | None = None
    """OPERATE: which. `base` names the values without which it must not be done."""

    organisations: tuple[str, ...] = ()
    """ALLOCATE, and CREATE once it is finished: the vendor's ids of organisations that get it."""

    push: Push | None = None
    attachments: tuple[Attachment, ...] = ()
    """CREATE: put to the record once it stands; each at most once."""

    to: tuple[str, ...] = ()
    """MESSAGE: the vendor's employee ids."""

    text: str = ""
    """MESSAGE: what it says."""

    lane: Lane = Lane.LIVE

    @property
    def event_id(self) -> str:
        """Derived from who issued it and its number."""
        return derived_id(self.seat, self.system, self.number)

    def to_message(self) -> Message:
        """Return the record for the command topic of its lane."""
        return Message(
            topic=commands_topic(self.system, self.lane),
            key=str(self.seat),
            value=body_of(self),
            headers=envelope(
                event_id=self.event_id,
                source="/anji/mapper",
                kind=f"anji.command.{self.action}.v1",
                subject=str(self.seat),
                time=self.issued_at,
                extensions={"number": str(self.number)},
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the command; raises UndecodableError."""
        return parsed(cls, record)

"""Notices ``anji.notices.v1``: what people should know about links; public."""

from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field, JsonValue

from anji_common.events.envelope import Event, body_of, derived_id, envelope, parsed
from anji_common.messages import Message, Record
from anji_common.refs import Ref
from anji_common.topics import NOTICES

__all__ = ["Notice", "NoticeKind"]


class NoticeKind(StrEnum):
    """What happened."""

    PROBLEM_RAISED = "problem raised"
    PROBLEM_CLEARED = "problem cleared"
    CONFLICT_ASKED = "conflict asked"
    CONFLICT_DECIDED = "conflict decided"
    EDIT_REPLACED = "edit replaced"
    MESSAGE_SENT = "message sent"
    MESSAGE_IN_DOUBT = "message in doubt"
    LINK_ENDED = "link ended"
    LINE_NOT_REMOVED = "line not removed"
    """One side has a line no more, and the other keeps it."""

    LINE_RETURNED = "line returned"
    """One side removed a line and the other changed it, or a person wants it: it is made again."""

    REASSIGNED = "reassigned"
    """A linked record moved to another variant of its mapping, such as another organisation."""

    VALUE_REWRITTEN = "value rewritten"
    """A side does not keep what it is sent, by itself or by a workflow: ``fields`` (name → [sent,
    what stands there]). What stands there counts, and nothing is written against it."""

    VALUE_EDITED = "value edited"
    """A person had another value written than the mapped one, to get past a problem."""

    VALUES_REVEALED = "values revealed"
    """A person had a link's personal values shown: ``person``, ``fields`` (names of pairs)."""

    PLAN_REFUSED = "plan refused"
    """What a plan says about one link was not done: the link has moved since, or its mapping."""

    UNSETTLED = "unsettled"
    """The link's state was lost, and both sides differ: ``fields`` (name → [CRM value, ERP value])
    and ``lines`` stay as they are until somebody edits them (``protocol.md`` 16). Of a home
    that was deleted: its ``partner``, which ``on_delete`` would have taken out of use."""

    DELETES_HELD = "deletes held"
    """Of one object: more records are gone than may be without a person's approval."""

    CALLS_PAUSED = "calls paused"
    """Of the whole installation: a vendor takes no more calls for a while."""

    CALLS_RESUMED = "calls resumed"


class Notice(Event):
    """One thing that a person may want to know about one link."""

    link: Ref
    """The home record of the link; the key of the record. Where a vendor takes no calls, the day
    in question: ``fxiaoke/calls/2026-01-05``; of held deletes one of the records."""

    link_type: str
    """Empty where it is about no link."""

    kind: NoticeKind
    at: AwareDatetime
    words: str = ""
    """A sentence, or the vendor's own words."""

    details: dict[str, JsonValue] = Field(default_factory=dict)
    """By kind; of a conflict: ``field``, ``crm``, ``erp``, ``winner``, ``reason``."""

    def to_message(self) -> Message:
        """Return the record for the notice topic."""
        body = body_of(self)
        return Message(
            topic=NOTICES.name,
            key=str(self.link),
            value=body,
            headers=envelope(
                event_id=derived_id(self.link, body),
                source="/anji/mapper",
                kind="anji.notice.v1",
                subject=str(self.link),
                time=self.at,
            ),
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """Return the notice; raises UndecodableError."""
        return parsed(cls, record)

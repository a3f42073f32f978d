"""Dead letters: which there are, and what it means to put one back. Reading apart, it is pure.

What a person mends is mostly not the letter but its reader or its writer; then the letter is
*redriven*. That is harmless twice over: inputs that say nothing new have no effect. What would do
harm is refused: a change goes behind newer ones of its record in a topic whose last value is the
truth (``protocol.md`` 17), so its record is read anew instead; a row of state is no input at all.

That a letter was redriven is noted among the letters, behind what was put back: who dies in
between leaves it open, and it is redriven once more. What fails again is another letter, and open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from anji.whole_topics import whole_topic
from anji_common.broker.port import Broker
from anji_common.deadletters import DeadLetter
from anji_common.errors import AnjiError, UndecodableError
from anji_common.events.envelope import derived_id, envelope
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message, Record
from anji_common.refs import Ref
from anji_common.topics import DEADLETTERS, changes_topic, declared_topics

__all__ = ["Letter", "Redrive", "letters_of", "redrive", "redriven"]

_REDRIVEN = "anji.redriven.v1"
_STATE = frozenset(topic.name for topic in declared_topics({}) if topic.is_compacted)


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter and where it stands."""

    name: str
    """``3/17``: its partition and offset, by which it is asked for."""
    died_at: datetime
    found: DeadLetter
    redriven_at: datetime | None = None
    """When it was put back last; `None`: it is open."""
    redriven_by: str | None = None
    """The account that did it."""

    @property
    def origin(self) -> str:
        """Where it stood before: ``topic[3]@42``; for what came from no topic, who met it."""
        letter = self.found
        if letter.topic is None:
            return letter.by
        return f"{letter.topic}[{letter.partition}]@{letter.offset}"


@dataclass(frozen=True, slots=True)
class Redrive:
    """What redriving a letter means."""

    words: str
    message: Message | None
    """To be published; `None` where the letter is refused, for the reason in `words`."""


async def letters_of(broker: Broker) -> list[Letter]:
    """Return all dead letters up to the topic's present end, oldest first; also redriven ones.

    What is no dead letter in that topic is passed over: nobody of ours wrote it.
    """
    found = [record async for record in whole_topic(broker, DEADLETTERS.name)]
    found.sort(key=lambda record: (record.timestamp_ms, record.partition, record.offset))
    notes = {record.header("ce_letter"): record for record in found if _is_note(record)}
    letters = [letter for record in found if (letter := _letter(record)) is not None]
    return [_noted(letter, notes.get(letter.name)) for letter in letters]


def redriven(letter: Letter, by: str, now: datetime) -> Message:
    """Return the note that `letter` was put back, by which account, to be published behind it."""
    return Message(
        topic=DEADLETTERS.name,
        key=(letter.found.key or b"").decode(errors="replace"),
        value=None,
        headers=envelope(
            event_id=derived_id(letter.name, now.isoformat()),
            source="/anji/deadletters",
            kind=_REDRIVEN,
            subject=letter.origin,
            time=now,
            has_data=False,
            extensions={"letter": letter.name, "person": by},
        ),
    )


def _is_note(record: Record) -> bool:
    try:
        kind, letter, _ = record.texts(("ce_type", "ce_letter", "ce_person"))
    except UndecodableError:
        return False
    return kind == _REDRIVEN and letter is not None


def _noted(letter: Letter, note: Record | None) -> Letter:
    if note is None:
        return letter
    at = datetime.fromtimestamp(note.timestamp_ms / 1000, UTC)
    return replace(letter, redriven_at=at, redriven_by=note.header("ce_person"))


def _letter(record: Record) -> Letter | None:
    try:
        found = DeadLetter.from_record(record)
    except UndecodableError:
        return None
    at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    return Letter(f"{record.partition}/{record.offset}", at, found)


def redrive(letter: Letter, topics: Sequence[str], now: datetime) -> Redrive:
    """Return what putting `letter` back means.

    Args:
        letter: Which.
        topics: Names of this installation's topics.
        now: When it is asked for.
    """
    found = letter.found
    if found.topic is not None and found.topic not in topics:
        return Redrive(f"refused: this installation has no topic {found.topic}", None)
    if found.topic in _STATE:
        words = f"refused: {found.topic} is state, not input; its owner writes it anew"
        return Redrive(words, None)
    try:
        message = found.redriven()
        ref = Ref.parse(message.key)
    except AnjiError as error:
        return Redrive(f"refused: {error}", None)
    if found.topic != changes_topic(ref.system, ref.object_name):
        return Redrive(f"put back into {found.topic}, key {ref}", message)
    signal = Signal(
        system=ref.system,
        object_name=ref.object_name,
        kind=SignalKind.READ,
        at=now,
        ref=ref,
        answers=f"redriven/{letter.name}",  # else its source tells only what has moved
    )
    return Redrive(f"{ref} is read anew by its source", signal.to_message())

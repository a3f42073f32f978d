"""Dead letters: which there are, and what it means to put one back. Reading apart, it is pure.

What a person mends is mostly not the letter but its reader or its writer; then the letter is
*redriven*. That is harmless twice over: inputs that say nothing new have no effect. What would do
harm is refused: a change goes behind newer ones of its record in a topic whose last value is the
truth (``protocol.md`` 17), so its record is read anew instead; a row of state is no input at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from anji_common.broker.port import Broker
from anji_common.deadletters import DeadLetter
from anji_common.errors import AnjiError, UndecodableError
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message, Record
from anji_common.refs import Ref
from anji_common.topics import DEADLETTERS, changes_topic, declared_topics

__all__ = ["Letter", "Redrive", "letters_of", "redrive"]

_STATE = frozenset(topic.name for topic in declared_topics({}) if topic.is_compacted)


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter and where it stands."""

    name: str
    """``3/17``: its partition and offset, by which it is asked for."""
    died_at: datetime
    found: DeadLetter

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
    """Return all dead letters up to the topic's present end, oldest first.

    What is no dead letter in that topic is passed over: nobody of ours wrote it.
    """
    ends = await broker.ends(DEADLETTERS.name)
    reader = await broker.reader(DEADLETTERS.name, await broker.beginnings(DEADLETTERS.name))
    found: list[Record] = []
    try:
        while any(reader.position(partition) < end for partition, end in ends.items()):
            found += await reader.poll(wait_seconds=1.0)
    finally:
        await reader.close()
    found.sort(key=lambda record: (record.timestamp_ms, record.partition, record.offset))
    return [letter for record in found if (letter := _letter(record)) is not None]


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

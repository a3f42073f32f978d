"""What nobody could know: a person's word in sight of a write of ours that was in doubt.

A save took effect and its answer was lost, a person saw what it had written and wrote something
else over it, and nothing of Anji's had read the record in between. The record then shows the
person's word and date, as it would if the save had never come: whether he has seen the CRM's word
is not in it. Both sides changed the field, as far as anybody knows; its owner wins, and people are
told. The oracle asks for no more then, and for nothing less: where one of these does not hold, a
word that was said in sight of the other side's last one has to stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import JsonValue

from anji.simulation.crowd import Crowd
from anji.simulation.said import FORM, InSight
from anji.simulation.world import World
from anji.whole_topics import whole_topic
from anji_common.events.changes import Change
from anji_common.events.commands import Action, Command
from anji_common.events.notices import Notice, NoticeKind
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome, Result
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.topics import NOTICES, Lane, changes_topic, commands_topic, results_topic

__all__ = ["Heard", "could_not_be_known", "heard_by", "unheard"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Heard:
    """All that Anji has said and heard of the ERP's customers, as its topics tell."""

    commands: Sequence[Command] = ()
    results: Sequence[Result] = ()
    reads: Sequence[tuple[datetime, Change]] = ()
    """(when it was published, what a source read)."""
    notices: Sequence[Notice] = ()


async def unheard(crowd: Crowd, world: World) -> list[str]:
    """Return what stands in customers that is nobody's last word, though that could be known."""
    found = await crowd.unheard(world.forgotten.fields)
    if not any(each.in_sight for each in found):
        return [each.words for each in found]
    heard = await heard_by(world)
    return [
        each.words
        for each in found
        if each.in_sight is None or not could_not_be_known(each.in_sight, each.held, heard)
    ]


async def heard_by(world: World) -> Heard:
    """Read it from the topics."""
    commands, results = list[Command](), list[Result]()
    for lane in Lane:
        topic = commands_topic(System.K3CLOUD, lane)
        commands += await _every(world, topic, Command.from_record)
    results += await _every(world, results_topic(System.K3CLOUD), Result.from_record)
    reads = await _every(world, changes_topic(System.K3CLOUD, FORM), _read_when)
    notices = await _every(world, NOTICES.name, Notice.from_record)
    return Heard(commands, results, reads, notices)


def could_not_be_known(word: InSight, held: str, heard: Heard) -> bool:
    """Whether a word was said in sight of a write in doubt, which nobody could know, and was told.

    Args:
        word: What a person said in the ERP, in sight of the CRM's word.
        held: What stands on both sides now, in place of it.
        heard: What Anji knew.
    """
    return held == word.seen and any(
        _is_moved(word, command, result)
        and not _was_read(word, heard, before=result.answered_at)
        and _is_told(word, command, heard.notices, since=result.answered_at)
        for command in heard.commands
        for result in heard.results
        if (command.seat, command.number) == (result.seat, result.number)
    )


def _is_moved(word: InSight, command: Command, result: Result) -> bool:
    """Whether a command that wrote what he saw was open as he spoke, and found his word then."""
    return (
        command.action is Action.UPDATE
        and command.target == word.ref
        and command.values.get(word.path) == word.seen
        and command.issued_at < word.at < result.answered_at
        and result.outcome is Outcome.MOVED
        and _held(result.observed, word) == word.said
    )


def _was_read(word: InSight, heard: Heard, *, before: datetime) -> bool:
    """Whether anything of Anji's has seen our write in the record while it was in doubt."""
    if any(
        change.ref == word.ref
        and change.data is not None
        and change.data.get(word.path) == word.seen
        and at <= before
        for at, change in heard.reads
    ):
        return True
    return any(
        _held(result.observed, word) == word.seen and result.answered_at <= before
        for result in heard.results
        if result.ref == word.ref
    )


def _is_told(
    word: InSight, command: Command, notices: Sequence[Notice], *, since: datetime
) -> bool:
    return any(
        notice.kind is NoticeKind.CONFLICT_DECIDED
        and notice.link == command.seat
        and notice.at >= since
        and str(notice.details.get("field")).endswith(f"~{word.path}")
        and notice.details.get("winner") == System.FXIAOKE.value
        for notice in notices
    )


def _held(observed: Observed | None, word: InSight) -> JsonValue:
    return None if observed is None else observed.data.get(word.path)


def _read_when(record: Record) -> tuple[datetime, Change]:
    change = Change.from_record(record)
    return datetime.fromtimestamp(record.timestamp_ms / 1000, tz=UTC), change


async def _every(world: World, topic: str, decode: Callable[[Record], _T]) -> list[_T]:
    return [decode(record) async for record in whole_topic(world.broker, topic)]

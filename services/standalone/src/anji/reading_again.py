"""Has the sources read every known record again, within their own budgets, and waits for it."""

from collections.abc import Callable, Mapping, Sequence

from anji_common.broker.partitions import partition_for
from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.errors import ServiceSilentError
from anji_common.events.signals import Signal, SignalKind, source_key
from anji_common.refs import System
from anji_common.sourcing.checkpoints import Checkpoint, PatrolProgress, checked_checkpoint
from anji_common.sourcing.engine import source_group
from anji_common.topics import CHECKPOINTS, SIGNALS, changes_topic
from anji_common.views import View
from anji_mapper.service import GROUP

__all__ = ["read_again", "taken_in"]

_Place = tuple[System, str]

_LOOK_SECONDS = 1.0
_TELL_SECONDS = 10.0
_MOST_UNTAKEN_SECONDS = 60.0
"""A source that runs takes a wish at once; on Kafka one may just be taking another's place."""


async def read_again(
    broker: Broker,
    clock: Clock,
    objects: Sequence[_Place],
    patience_seconds: float,
    on_progress: Callable[[str], None],
) -> None:
    """Ask for a round over every known record of `objects`, and wait until each is over.

    Args:
        broker: Where the sources are asked, and tell how far they are.
        clock: To wait by.
        objects: Systems and objects.
        patience_seconds: How long a round may stand still, and at the most a minute of it how long
            nobody may take the wish. A second look at what is missing waits for
            `SourceSettings.confirm_seconds`.
        on_progress: Is told now and then what is waited for.

    Raises:
        ServiceSilentError: nobody reads, or a round does not move; says what to do.
    """
    view = View(broker, CHECKPOINTS.name, project=checked_checkpoint)
    await view.start()
    try:
        rounds = {place: _Round(place, view, clock.monotonic()) for place in objects}
        ends = await broker.ends(SIGNALS.name)
        await _ask(broker, clock, objects)
        told_at = clock.monotonic()
        while left := [each for each in rounds.values() if not each.is_over]:
            await clock.sleep(_LOOK_SECONDS)
            await view.catch_up()
            now = clock.monotonic()
            ended = [each for each in left if each.look(view, now)]
            await _ask(broker, clock, [(each.system, each.name) for each in ended])
            await _take_note(broker, left, ends)
            _refuse_silence(left, now, patience_seconds)
            if now - told_at >= _TELL_SECONDS:
                told_at = now
                on_progress("; ".join(each.words for each in left if not each.is_over))
    finally:
        await view.close()


async def taken_in(
    broker: Broker, clock: Clock, objects: Sequence[_Place], within_seconds: float
) -> bool:
    """Wait until the mapper has taken in what the sources published of `objects`.

    Returns whether it has, within that time: what it has not is compared as under way.
    """
    topics = [changes_topic(system, name) for system, name in objects]
    ends = clock.monotonic() + within_seconds
    while any(lag.seconds > 0 for lag in await broker.lag(GROUP, topics)):
        if clock.monotonic() >= ends:
            return False
        await clock.sleep(_LOOK_SECONDS)
    return True


async def _ask(broker: Broker, clock: Clock, objects: Sequence[_Place]) -> None:
    signals = [
        Signal(system=system, object_name=name, kind=SignalKind.PROBE, at=clock.now())
        for system, name in objects
    ]
    await broker.publish([signal.to_message() for signal in signals])


class _Round:
    """One object's round, as its checkpoints tell."""

    def __init__(self, place: _Place, view: View, now: float) -> None:
        self.system, self.name = place
        self._before = self._patrol = _checkpoint(view, place)[1]
        self.is_paused = False
        self.is_taken = False
        """Whether a source has heard the wish."""
        self.moved_at = now

    @property
    def is_over(self) -> bool:
        """Whether another round than the one before was begun, and is done."""
        now, before = self._patrol, self._before
        is_another = now is not None and (before is None or now.begun_at > before.begun_at)
        return now is not None and is_another and not now.is_under_way

    @property
    def words(self) -> str:
        """How far it is."""
        if not self.is_taken:
            return f"{self.name}: no source of {self.system} has taken the wish yet"
        looked = 0 if self._patrol is None else self._patrol.looked
        return f"{self.name}: {looked} records read again"

    def look(self, view: View, now: float) -> bool:
        """Take in what its checkpoint says by now.

        Returns whether a round has ended that was under way when ours was asked for, and so took
        its place: some records had been read before.
        """
        self.is_paused, patrol = _checkpoint(view, (self.system, self.name))
        if patrol == self._patrol:
            return False
        self._patrol, self.is_taken, self.moved_at = patrol, True, now
        return patrol is not None and not patrol.is_under_way and not self.is_over


async def _take_note(broker: Broker, rounds: Sequence[_Round], ends: Mapping[int, int]) -> None:
    """Note which wishes were taken: their source has moved past where they were published."""
    for system in {each.system for each in rounds if not each.is_taken}:
        group = await broker.committed(source_group(system), [SIGNALS.name])
        offsets = group.get(SIGNALS.name, {})
        for each in rounds:
            key = source_key(each.system, each.name).encode()
            partition = partition_for(key, broker.partitions)
            if each.system is system and offsets.get(partition, 0) > ends.get(partition, 0):
                each.is_taken = True


def _refuse_silence(rounds: Sequence[_Round], now: float, patience_seconds: float) -> None:
    paused = [each for each in rounds if each.is_paused and not each.is_over]
    if paused:
        names = ", ".join(each.name for each in paused)
        ways = ", ".join(f"anji {each.system} resume {each.name}" for each in paused)
        msg = f"{names}: reading was paused. Let it go on ({ways}), or leave out --fresh."
        raise ServiceSilentError(msg)
    most_untaken = min(patience_seconds, _MOST_UNTAKEN_SECONDS)
    untaken = [each for each in rounds if not each.is_taken and now - each.moved_at > most_untaken]
    if untaken:
        systems = sorted({each.system for each in untaken})
        services = " ".join(f"{system}-source" for system in systems)
        msg = (
            f"no source of {' and '.join(systems)} has taken the wish to read again within "
            f"{most_untaken:g} s: is it running? Start it (anji up, or anji run {services}) and "
            "type this again, or leave out --fresh. The wish stands: whoever starts reads again."
        )
        raise ServiceSilentError(msg)
    still = [
        each for each in rounds if not each.is_over and now - each.moved_at > patience_seconds
    ]
    if still:
        systems = sorted({each.system for each in still})
        checks = " and ".join(f"anji {system} check" for system in systems)
        msg = (
            f"{'; '.join(each.words for each in still)}; nothing more for {patience_seconds:g} s: "
            "a source has taken the wish and stands still. Its vendor may be silent or have no "
            f"calls left: see its log, {checks}, and anji fxiaoke calls. The round goes on by "
            "itself; type this again, with a longer --patience, or leave out --fresh."
        )
        raise ServiceSilentError(msg)


def _checkpoint(view: View, place: _Place) -> tuple[bool, PatrolProgress | None]:
    value = view.get(source_key(*place))
    if value is None:
        return False, None
    checkpoint = Checkpoint.model_validate_json(value)
    return checkpoint.is_paused, checkpoint.patrol

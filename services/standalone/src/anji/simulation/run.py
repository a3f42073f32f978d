"""One seed from beginning to end: storm, calm, last words, replay; and the oracle's word."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from anji.oracle import Verdict, judge
from anji.people import SandboxRefusedError
from anji.simulation.chance import seeded
from anji.simulation.clauses import broken_links, commands_without_a_difference, tells_status
from anji.simulation.clerks import Clerks
from anji.simulation.controls import RULE_BOOK, RuleBook
from anji.simulation.crowd import Crowd
from anji.simulation.cuts import WHOLE, Cut
from anji.simulation.doubts import unheard
from anji.simulation.erasures import Erasures
from anji.simulation.habits import Habits
from anji.simulation.journal import Journal, Line
from anji.simulation.nudging import nudge
from anji.simulation.officers import Officers
from anji.simulation.pace import pace_of
from anji.simulation.replanning import owed_plans, replanned
from anji.simulation.storm import Storm
from anji.simulation.tally import REBUILT_AT_REST, REPLAYED_AT_REST, Tally
from anji.simulation.world import Layout, World
from anji_common.broker.port import Lag
from anji_common.errors import AnjiError
from anji_common.events.notices import Notice, NoticeKind
from anji_common.refs import System
from anji_common.sourcing.engine import source_group
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import CALLBACKS, SIGNALS, Lane, commands_topic
from anji_common.writing.engine import writer_group
from anji_mapper.decode import input_topics
from anji_mapper.mapping.model import Mappings
from anji_mapper.service import GROUP

__all__ = ["FIRST_CALM_SECONDS", "Outcome", "simulate"]

FIRST_CALM_SECONDS = 3.0
"""The sources look for the first time: what is older is none of ours (``protocol.md`` 23)."""
_KINDS = 5
"""Of what people do in one history."""
_LAYOUT = Layout(partitions=(2, 2, 2, 3), poll_seconds=(250.0, 300.0, 350.0))
"""Polls are seldom in the quiet; in a flurry sources are asked to look."""
_OFFICERS_SHARE = 0.3
"""In so many seeds there are people who change states: what no date tells is looked for there."""
_LOOKS_BETWEEN_PATROLS = 5
_ENDINGS = ("", "", "", "", "replay", "replay", "rebuild", "replay, rebuild")
"""What is done when all is said, by seed: most of a seed's cost is its history, and each ending
has met hundreds of histories in a thousand seeds."""
_LOOK_EVERY_SECONDS = 20.0
_BOUND_EVERY_SECONDS = 30.0
_PATIENCE_SECONDS = 900.0
_REPLAY_SECONDS = 15.0
_FIRST_COMMANDS, _COMMANDS_A_DEED = 1000, 50
"""So many in all are no history any more; the longest have a tenth of it."""

_TO_PEOPLE = (
    NoticeKind.UNSETTLED,
    NoticeKind.PROBLEM_RAISED,
    NoticeKind.CONFLICT_ASKED,
    NoticeKind.DELETES_HELD,
)
"""What they do something about."""


class _FailedError(AnjiError):
    """The seed did not end well."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a seed ended."""

    seed: int
    words: str
    """What went wrong; empty if nothing did."""
    tally: Tally
    """What happened to the installation, by name."""
    virtual_seconds: float
    storm_seconds: float
    parts: tuple[str, ...]
    """Names of what happened and can be left out (`Cut`)."""
    verdicts: Mapping[str, Verdict]
    journal: tuple[Line, ...]

    @property
    def is_well(self) -> bool:
        """Whether both sides agree, nothing was made twice, and the replay wrote nothing."""
        return not self.words


def simulate(
    seed: int,
    mappings: Mappings,
    rules: RuleBook = RULE_BOOK,
    cut: Cut = WHOLE,
    variants: Mapping[str, Mappings] | None = None,
) -> Outcome:
    """Run one seed. The same seed, mappings, rules, cut and variants give the same history.

    Args:
        seed: Which.
        mappings: The installation's own.
        rules: What it is composed of.
        cut: What of the history is played.
        variants: What may take the mappings' place for a while, by name.
    """
    return run_virtually(_simulated(seed, mappings, rules, cut, variants))


async def _simulated(
    seed: int,
    mappings: Mappings,
    rules: RuleBook,
    cut: Cut,
    variants: Mapping[str, Mappings] | None,
) -> Outcome:
    clock = LoopClock(asyncio.get_running_loop())
    journal = Journal(clock)
    with journal.of_logs():
        habits = Habits.drawn(seed)
        world = World(
            seed,
            mappings,
            clock,
            journal,
            rules,
            habits=habits,
            layout=_LAYOUT,
            variants=variants,
        )
        storm = Storm(world, seeded("storm", seed), cut)
        course = _Course(seed, world, storm, cut)
        words = ""
        await world.start()
        try:
            await course.run_bounded()
        except* AnjiError as errors:  # a rebuild that does not come about, too
            words = str(_first(errors))
            journal.note("oracle", words)
            journal.lines.extend(await world.told())
        finally:
            await world.close()
    return Outcome(
        seed=seed,
        words=words,
        tally=storm.tally,
        virtual_seconds=clock.monotonic(),
        storm_seconds=course.pace.seconds,
        parts=(*course.parts, *storm.parts),
        verdicts=course.verdicts,
        journal=tuple(journal.lines),
    )


def _first(errors: BaseExceptionGroup[AnjiError]) -> BaseException:
    """Return the first error of a group, however deep it lies."""
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


class _Course:
    """The course of one seed."""

    def __init__(self, seed: int, world: World, storm: Storm, cut: Cut) -> None:
        self._seed = seed
        self._world = world
        self._storm = storm
        self._cut = cut
        self.pace = pace_of(seed, cut)
        crm, erp, clock, journal = world.crm_user, world.erp_user, world.clock, world.journal
        self._crowd = Crowd(
            crm,
            erp,
            clock,
            seeded("crowd", seed),
            journal,
            crm_lag_seconds=world.crm_lag_seconds,
            kinds=None if cut.is_day else _KINDS,
        )
        own = seeded("clerks", seed)
        self._clerks = Clerks(self._crowd.changed_orders, crm, erp, clock, own, journal)
        own = seeded("officers", seed)
        self._erasures = Erasures(world)
        orders, are_there = self._crowd.changed_orders, own.random() < _OFFICERS_SHARE
        self._officers = Officers(world, orders, own, self._erasures) if are_there else None
        self.verdicts: dict[str, Verdict] = {}
        self._owed: list[str] = []
        """Variants after which an operator has to plan and apply the own mappings yet."""

    @property
    def parts(self) -> list[str]:
        """The names of people's doings that are played."""
        pace = self.pace
        named = {"d": pace.deeds, "c": pace.changes}
        if self._officers is not None:
            named["o"] = pace.states
        names = [f"{letter}{each}" for letter, count in named.items() for each in range(count)]
        return [name for name in names if self._cut.has(name)]

    async def run_bounded(self) -> None:
        """Run it, unless commands never cease: then there is no end to wait for.

        Raises:
            AnjiError: it did not end well.
        """
        most = _FIRST_COMMANDS + _COMMANDS_A_DEED * len(self.parts)
        running = asyncio.create_task(self._run())
        try:
            while not running.done():
                await asyncio.wait([running], timeout=_BOUND_EVERY_SECONDS)
                if (commands := await self._commands()) > most:
                    msg = f"commands never cease: {commands} so far"
                    raise _FailedError(msg)
        finally:
            running.cancel()
            await asyncio.wait([running])
        running.result()

    async def _commands(self) -> int:
        """Return how many were issued so far, to either side."""
        broker = self._world.broker
        topics = [commands_topic(system, lane) for system in System for lane in Lane]
        return sum([sum((await broker.ends(each)).values()) for each in topics])

    async def _run(self) -> None:
        lag_seconds = self._world.vendors.erp.switches.save_seconds  # a save is dated that earlier
        await self._world.clock.sleep(FIRST_CALM_SECONDS + lag_seconds)
        self._storm.rise()
        async with asyncio.TaskGroup() as together:
            pace, cut, world = self.pace, self._cut, self._world
            together.create_task(world.clock.sleep(pace.seconds))
            together.create_task(self._crowd.work(pace, cut))
            together.create_task(self._clerks.work(pace, cut))
            together.create_task(self._storm.blow(pace))
            own = seeded("nudges", self._seed)
            together.create_task(nudge(world.broker, world.clock, world.objects, pace, own))
            if self._officers is not None:
                together.create_task(self._officers.work(pace, cut))
        await self._storm.lie_down()
        self._owed = owed_plans(self._world)
        self._world.journal.note("storm", "is over")
        await self._until_agreed()
        await self._crowd.last_words()
        await self._until_agreed()
        chance = seeded("ending", self._seed)
        ending = chance.choice(_ENDINGS)
        if "replay" in ending:
            await self._replay()
        if "rebuild" in ending:
            loses_crosswalk = chance.choice((True, False)) and not self._erasures.keep_crosswalk
            await self._rebuild(loses_crosswalk=loses_crosswalk)
            await self._crowd.last_words()
            await self._until_agreed()
        await self._world.told_of()  # the last of it is counted as well

    async def _rebuild(self, *, loses_crosswalk: bool) -> None:
        """Lose the links, every second time the crosswalk as well; nothing may be written."""
        world = self._world
        world.tally[REBUILT_AT_REST] += 1
        before = world.vendors.writes
        await world.rebuild(loses_crosswalk=loses_crosswalk)
        await world.clock.sleep(_REPLAY_SECONDS)
        self._check_processes()
        after = world.vendors.writes
        if after != before:
            msg = f"the rebuild wrote: {before} -> {after}"
            raise _FailedError(msg)

    async def _until_agreed(self) -> None:
        """Wait until both sides agree and nothing is under way."""
        world = self._world
        end = world.clock.monotonic() + _PATIENCE_SECONDS
        last_writes: dict[str, int] | None = None
        looks = 0
        while world.clock.monotonic() < end:
            await world.clock.sleep(_LOOK_EVERY_SECONDS)
            self._check_processes()
            if self._officers is not None and looks % _LOOKS_BETWEEN_PATROLS == 0:
                await self._officers.look()
            looks += 1
            for notice in await world.told_of(*_TO_PEOPLE):
                try:
                    await self._help(notice)
                except SandboxRefusedError as error:
                    world.journal.note("people", f"were refused: {error}")
            writes = world.vendors.writes
            is_still, last_writes = writes == last_writes, writes
            if is_still and self._owed:
                self._owed = await replanned(world, self._owed)
            elif is_still and self._crowd.is_read() and await self._agrees():
                if await self._lag() or await world.open_attempts():  # the oracle sees neither
                    continue
                wrong = [
                    *await unheard(self._crowd, world),
                    *await self._clerks.unheard(world.forgotten, but=self._erasures.ids),
                    *self._erasures.not_by_people(),
                    *await broken_links(world, but=self._apart),
                    *await commands_without_a_difference(world),
                ]
                if wrong:
                    raise _FailedError("; ".join(wrong))
                return
        await self._agrees()
        words = _words(self.verdicts) or "; ".join(await self._erasures.wrong())
        raise _FailedError(words or "it does not come to rest")

    async def _help(self, notice: Notice) -> None:
        """Do what people are told to do."""
        link, officers = str(notice.link), self._officers
        if notice.kind is NoticeKind.CONFLICT_ASKED:
            if officers is not None:
                await officers.answer(link, str(notice.details["field"]))
            return
        if officers is not None and notice.kind is NoticeKind.DELETES_HELD:
            await officers.approve(notice.link)
        if notice.kind is NoticeKind.DELETES_HELD or await self._erasures.is_gone(notice.link):
            return
        if officers is not None:
            await officers.free(link)
        if notice.kind is NoticeKind.PROBLEM_RAISED:
            await self._clerks.mend(link)
            if officers is not None:
                await officers.try_again(link)
            return
        await self._clerks.settle(link)
        fields = notice.details["fields"]
        await self._crowd.settle(link, fields if isinstance(fields, dict) else ())

    @property
    def _apart(self) -> set[str]:
        """Ids in the CRM of records that stand otherwise than their partners, or were deleted."""
        apart = set[str]() if self._officers is None else self._officers.apart
        return apart | self._erasures.ids

    async def _agrees(self) -> bool:
        """Ask the oracle.

        Raises:
            _FailedError: something is there twice, which no time mends.
        """
        self.verdicts = await judge(
            self._world.crm_user,
            self._world.erp_user,
            apart=self._apart,
            tells_status=tells_status(self._world.mappings),
        )
        if any(each.doubled for each in self.verdicts.values()):
            raise _FailedError(_words(self.verdicts))
        are_equal = all(verdict.agrees for verdict in self.verdicts.values())
        return are_equal and not await self._erasures.wrong()

    async def _replay(self) -> None:
        """Put mapper, writers and sources back to the beginning: nothing may be written."""
        world = self._world
        world.tally[REPLAYED_AT_REST] += 1
        before = world.vendors.writes
        for group, topics in self._groups.items():
            await world.broker.reset(group, topics, "start")
        for system in System:
            hints = [CALLBACKS.name] if system is System.FXIAOKE else []
            await world.broker.reset(source_group(system), [SIGNALS.name, *hints], "start")
        world.journal.note("replay", "mapper, writers and sources begin again")
        await world.clock.sleep(_REPLAY_SECONDS)
        self._check_processes()
        after = world.vendors.writes
        if after != before:
            msg = f"the replay wrote: {before} -> {after}"
            raise _FailedError(msg)
        if lag := await self._lag():
            msg = f"the replay has not come to its end: {lag}"
            raise _FailedError(msg)

    async def _lag(self) -> list[Lag]:
        broker = self._world.broker
        lags = [await broker.lag(group, topics) for group, topics in self._groups.items()]
        return [lag for found in lags for lag in found if lag.records]

    @property
    def _groups(self) -> dict[str, list[str]]:
        """Mapper and writers, with what they consume."""
        groups = {GROUP: list(input_topics(self._world.mappings))}
        for system in System:
            groups[writer_group(system)] = [commands_topic(system, lane) for lane in Lane]
        return groups

    def _check_processes(self) -> None:
        for process in self._world.processes.values():
            if process.failure is not None:
                msg = f"{process.name} gave up: {process.failure}"
                raise _FailedError(msg)


def _words(verdicts: Mapping[str, Verdict]) -> str:
    findings = [finding for verdict in verdicts.values() for finding in verdict.findings]
    return "; ".join(f"{each.link_type} {each.record} {each.words}" for each in findings[:8])

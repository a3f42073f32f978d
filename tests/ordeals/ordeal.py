"""An ordeal: what is broken while people work, as data; and the run of one."""

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from anji.people import CrmUser, ErpUser
from anji_common.clock import SystemClock
from anji_common.events.notices import NoticeKind
from labs.kafka_server import KafkaServer
from ordeals.accidents import Accident
from ordeals.oracle import Fate, judge, made_and_gone
from ordeals.staff import Staff
from ordeals.stage import Bound, Form, Stage, open_stage
from ordeals.told import notices, tombstones
from ordeals.vendors import VENDORS

__all__ = ["LEFT_OUT", "WRITTEN_AGAIN", "Control", "Ordeal", "Outcome", "Work", "storm", "undergo"]

_CLOCK = SystemClock()
_PATIENCE_SECONDS = 150.0
"""After that long without a new record across, nothing more is expected."""
_LOOK_SECONDS = 0.5
_LOOK_PAUSE = 5
"""Between two looks, in their own length: thousands of records take a second to compare."""
_TELL_SECONDS = 60.0
_QUIET_SECONDS = 3.0
_MOST_TIMES, _MOST_MORE_SECONDS = 3.0, 600.0
"""A storm ends after thrice the time of its work and ten minutes, however slow the machine."""
_LONGEST_SECONDS = 3 * 3600.0
"""Of one ordeal: then it is broken off."""
LEFT_OUT = "accidents left out, for want of time"
_INCURABLE = {"doubled", "deleted"}
"""What never goes away again by itself."""
_MANY = 3
"""Writes for each of the people's own: more than these are a loop."""
_LINE_KINDS = ("SalesOrderProductObj", "DeliveryNoteProductObj")
WRITTEN_AGAIN = "written again"
"""A fate of controls beside those of the oracle: there were late writes."""
_UNDECIDED = {NoticeKind.UNSETTLED, NoticeKind.CONFLICT_DECIDED, NoticeKind.EDIT_REPLACED}
_SAID_AGAIN = "said once more, as Anji told"
_STEPS = ("submit", "audit")
"""Of the ERP: they follow a save and change no value."""


@dataclass(frozen=True, slots=True)
class Control:
    """How the same ordeal goes without what guards against it."""

    words: str
    """What is missing."""
    fates: Sequence[str]
    """What the oracle must find then; one of these."""
    without: Sequence[str] = ()
    """Rules, as ``anji simulate --control`` names them."""
    settings: Mapping[str, str] = field(default_factory=dict)
    accidents: Sequence[Accident] = ()
    """In place of the ordeal's own, where the guard is not one of Anji's rules."""
    patience_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Work:
    """How much people do, and in which time."""

    seconds: float
    actions: int
    accidents: int = 0
    orders: float = 0.0
    """Which share of it is orders at least."""
    most_seconds: float = 0.0
    """After which no accident is begun; 0: thrice the time of the work, and ten minutes."""
    is_measured: bool = False
    """Whether it is long enough for its figures to be judged."""
    rules: Mapping[str, Sequence[Mapping[str, object]]] | None = None
    """What goes wrong with calls, where it is other than the ordeal's; until all has crossed, for
    thousands of records cross long after people have made them."""

    def scaled(self, by: float) -> "Work":
        """Return a part of it, or a multiple."""
        return replace(
            self,
            seconds=self.seconds * by,
            actions=round(self.actions * by),
            accidents=math.ceil(self.accidents * by),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordeal:
    """One sort of trouble."""

    name: str
    point: str
    """Of the issue: a to l."""
    words: str
    forms: Sequence[Form] = ("up", "services")
    rules: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)
    """What goes wrong with calls while people work, by vendor."""
    switches: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """How the vendors behave throughout."""
    counts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What is broken by a switch, by vendor: the name in its log that counts it, and in words."""
    accidents: Sequence[Accident] = ()
    at_rest: Sequence[Accident] = ()
    """What happens when all has crossed and people rest; after it they say their last words."""
    tells_deletes: bool = False
    """Whether the tombstones that Anji publishes are compared with what people deleted."""
    forgets: bool = False
    """Whether Anji loses what it knew. What nobody can decide then it tells, and people say it
    once more."""
    finale: Accident | None = None
    """What happens once more when all is done: nothing may be written because of it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    long: Work = field(default_factory=lambda: Work(60.0, 300, 12))
    short: Work = field(default_factory=lambda: Work(8.0, 40, 2))
    tail: str = ""
    """Behind each customer's name."""
    poison: int = 0
    """Of so many customers one has a name that the ERP refuses for ever."""
    disk_megabytes: int = 0
    """Of a disk of its own for `anji up`; 0 for none."""
    midnight_seconds: float = 0.0
    """When it is midnight in Beijing by Anji's clocks, after the start; 0 leaves them alone."""
    control: Control | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one ordeal."""

    ordeal: Ordeal
    form: Form
    seed: int
    control: Control | None
    """What it was run without, if it was a control."""
    broken: Mapping[str, int]
    fate: Fate
    writes: int
    """By Anji, of heads, on both sides."""
    values: int
    """Records and edits of people that it had to carry."""
    late_writes: int
    """After both sides agreed: replays and loops write."""
    seconds: float
    seen: Mapping[str, float] = field(default_factory=dict)
    """Figures that are no harm, by what they count."""
    bounds: Sequence[Bound] = ()
    """Figures that the suite promises."""

    @property
    def is_good(self) -> bool:
        """Whether all was broken that was to be, and no harm came of it.

        Of a control, whether harm came of it: it ends as soon as that is done, perhaps before
        each sort of fault has happened.
        """
        if self.control is not None:
            found = {**self.fate.counts, WRITTEN_AGAIN: self.late_writes}
            return any(self.broken.values()) and any(found[fate] for fate in self.control.fates)
        return (
            bool(self.broken)
            and all(self.broken.values())
            and self.fate.is_good
            and self.late_writes == 0
            and self.writes <= _MANY * self.values
            and all(bound.is_kept or not bound.is_judged for bound in self.bounds)
        )


async def undergo(  # noqa: PLR0913 - what a run is
    ordeal: Ordeal,
    form: Form,
    seed: int,
    folder: Path,
    *,
    work: Work,
    control: Control | None = None,
    kafka: KafkaServer | None = None,
) -> Outcome:
    """Let one ordeal happen on a stage of its own, and see what became of every record."""
    began = _CLOCK.monotonic()
    chance = Random(f"{ordeal.name} {form} {seed}")
    async with (
        asyncio.timeout(_LONGEST_SECONDS),
        open_stage(
            folder,
            form,
            str(seed),
            settings={**ordeal.settings, **(control.settings if control else {})},
            switches=ordeal.switches,
            without=control.without if control else (),
            kafka=kafka,
            disk_megabytes=ordeal.disk_megabytes if form == "up" else 0,
            midnight_seconds=ordeal.midnight_seconds,
        ) as stage,
    ):
        stage.work_seconds, stage.is_measured = work.seconds, work.is_measured
        stage.patience_seconds = control.patience_seconds if control else _PATIENCE_SECONDS
        staff = _staff(stage, ordeal, chance)
        if control is not None and control.accidents:
            ordeal = replace(ordeal, accidents=control.accidents)
        await _suffer(stage, ordeal, staff, work, chance)
        fate = await _awaited(stage, ordeal, control)
        if fate.is_good:
            for accident in ordeal.at_rest:
                await accident(stage, chance)
            await staff.last_words()
            fate = await _awaited(stage, ordeal, control)
        written, late = await _writes(stage, staff, ordeal, chance)
        fate.findings += made_and_gone(stage.diary, stage.shelves(), await stage.writes())
        codes = {name: await process.end() for name, process in stage.anji.items()}
        assert control is not None or set(codes.values()) == {0}, codes
        values = fate.records + fate.edits
        seconds = _CLOCK.monotonic() - began
        broken = dict(stage.broken)
        return Outcome(
            ordeal,
            form,
            seed,
            control,
            broken,
            fate,
            written,
            values,
            late,
            seconds,
            stage.seen,
            stage.bounds,
        )


def _staff(stage: Stage, ordeal: Ordeal, chance: Random) -> Staff:
    crm, erp = (stage.vendors[name] for name in VENDORS)
    return Staff(
        CrmUser(crm, crm.known),
        ErpUser(erp, erp.known),
        stage.diary,
        ordeal.name,
        chance,
        ordeal.tail,
        ordeal.poison,
    )


async def _suffer(stage: Stage, ordeal: Ordeal, staff: Staff, work: Work, chance: Random) -> None:
    """Let people work while things break; return when both are done and all is well again."""
    stage.staff = staff
    faults = ordeal.rules if work.rules is None else work.rules
    for name, rules in faults.items():
        await stage.vendors[name].suffer(rules)
    working = asyncio.create_task(
        staff.work(work.seconds, actions=work.actions, orders=work.orders)
    )
    await storm(stage, ordeal.accidents, work, chance)
    await working
    await stage.all_started()
    if work.rules is not None:
        await _awaited(stage, ordeal, None)
    for name, rules in faults.items():
        hits = await stage.vendors[name].hits_by_kind()
        for kind in {str(rule["kind"]): None for rule in rules}:
            stage.broken[f"calls to {name}: {kind}"] = hits.get(kind, 0)
        await stage.vendors[name].recover()
    for name, counted in ordeal.counts.items():
        log = await stage.vendors[name].tell("_log", None, "GET")
        told = {**log["calls"], **log["writes"]}
        stage.broken.update({words: told.get(what, 0) for what, words in counted.items()})
    if ordeal.poison or staff.poisoned:
        stage.broken["customers that the ERP refuses for ever"] = staff.poisoned
    if ordeal.tail:
        rewritten = sum(deed.value.endswith(ordeal.tail) for deed in stage.diary.did("said"))
        stage.broken["values that the ERP rewrote"] = rewritten


async def storm(stage: Stage, accidents: Sequence[Accident], work: Work, chance: Random) -> None:
    """Let accidents happen, one after another; no more of them when they have taken too long."""
    planned = work.accidents if accidents else 0
    most = work.most_seconds or _MOST_TIMES * work.seconds + _MOST_MORE_SECONDS
    end = _CLOCK.monotonic() + most
    for number in range(planned):
        if _CLOCK.monotonic() > end:
            stage.seen[LEFT_OUT] = planned - number
            stage.tell(f"{planned - number} accidents are left out: {most:.0f} s are over")
            return
        await _CLOCK.sleep(chance.uniform(0, 2 * work.seconds / (work.accidents + 1)))
        stage.tell(f"accident {number + 1} of {planned}")
        await _befall(stage, accidents[number % len(accidents)], chance)


async def _befall(stage: Stage, accident: Accident, chance: Random) -> None:
    """Let one accident happen, and note when and what, beside the logs of all processes."""
    began, before = _CLOCK.now(), stage.broken.copy()
    try:
        await accident(stage, chance)
    finally:
        what = ", ".join(f"{count} x {words}" for words, count in (stage.broken - before).items())
        with (stage.folder / "accidents.log").open("a") as log:
            log.write(f"{began.isoformat()} to {_CLOCK.now().isoformat()}: {what or 'nothing'}\n")


async def _awaited(stage: Stage, ordeal: Ordeal, control: Control | None) -> Fate:
    """Return what became of all records when all is well, or nothing more is to be expected.

    A control need not be waited for once the harm is done.
    """
    patience_seconds = _PATIENCE_SECONDS if control is None else control.patience_seconds
    fates = () if control is None else control.fates
    best, end, telling = -1, 0.0, _CLOCK.monotonic() + _TELL_SECONDS
    while True:
        gone = await _told_gone(stage) if ordeal.tells_deletes else None
        began = _CLOCK.monotonic()
        fate = judge(stage.diary, stage.shelves(), gone)
        seconds = _CLOCK.monotonic() - began
        if ordeal.forgets and not fate.is_good:
            await _say_again(stage)
        if fate.is_good or any(fate.counts.get(each) for each in set(fates) & _INCURABLE):
            return fate
        if fate.crossed > best:
            best, end = fate.crossed, _CLOCK.monotonic() + patience_seconds
        if _CLOCK.monotonic() > end:
            return fate
        if _CLOCK.monotonic() > telling:
            telling += _TELL_SECONDS
            stage.tell(f"{fate.crossed} of {fate.records} records have crossed")
        await _CLOCK.sleep(max(_LOOK_SECONDS, _LOOK_PAUSE * seconds))


async def _told_gone(stage: Stage) -> Mapping[str, int]:
    ended = {deed.value: deed.at for deed in stage.diary.did("ended") if deed.at}
    return await tombstones(stage.installation, ended)


async def _say_again(stage: Stage) -> None:
    """Let people say once more what they were told to stand undecided, or not to have won."""
    for each in await notices(stage.installation):
        told = (str(each.link), each.kind, each.at)
        if each.kind in _UNDECIDED and told not in stage.heard:
            stage.heard.add(told)
            stage.seen[_SAID_AGAIN] = stage.seen.get(_SAID_AGAIN, 0) + 1
            await stage.people.say_again(each.link.record_id)


async def _writes(stage: Stage, staff: Staff, ordeal: Ordeal, chance: Random) -> tuple[int, int]:
    """Return how much Anji wrote until nothing moved, and how much since, for no reason."""
    if not judge(stage.diary, stage.shelves()).is_good:
        return await _anjis_writes(stage, staff), 0
    written = await _settled(stage, staff)
    if ordeal.finale is not None:
        await ordeal.finale(stage, chance)
    return written, await _settled(stage, staff) - written


async def _settled(stage: Stage, staff: Staff) -> int:
    """Return how much Anji wrote, when it writes no more; or when it never stops.

    What is under way when both sides agree first (an audit, a number written back) is waited for.
    """
    begun = seen = await _anjis_writes(stage, staff)
    while True:
        await _CLOCK.sleep(_QUIET_SECONDS)
        now = await _anjis_writes(stage, staff)
        if now == seen or now - begun > _MANY * staff.writes:
            return now
        seen = now


async def _anjis_writes(stage: Stage, staff: Staff) -> int:
    """Return how many values were written by nobody of the staff."""
    found: Counter[str] = await stage.writes()
    total = sum(
        count
        for what, count in found.items()
        if what.split()[0] not in _LINE_KINDS and what.split()[-1] not in _STEPS
    )
    return total - staff.writes - stage.peoples_writes

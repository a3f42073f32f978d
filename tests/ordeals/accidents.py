"""What happens to processes in an ordeal, each to a victim that chance chooses; all is counted."""

import asyncio
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random

from anji.installation import Installation
from anji.lagging import groups_of, lag_of
from anji_common.clock import SystemClock
from anji_common.messages import Message
from labs.installation import until
from labs.typed import asked
from ordeals.stage import STARTED, Stage

__all__ = [
    "SAVE_SECONDS",
    "Accident",
    "erp_sessions_ended",
    "garbage_published",
    "groups_reset",
    "kafka_frozen",
    "kafka_killed",
    "kill",
    "kill_in_a_write",
    "rolled",
    "save_dropped",
    "save_under_way",
    "sight_lost",
    "silent",
    "thawed",
    "thawed_zombie",
    "took_over",
    "tore_the_log",
    "vendor_killed",
    "vendor_silent",
    "went_back_to_a_copy",
    "writer_replaced",
]

Accident = Callable[[Stage, Random], Awaitable[None]]
_CLOCK = SystemClock()
_SESSION_SECONDS = 6.0
_IN_ORDER = {0, 75}
"""All was finished, or some was cut off when the grace was over, which the machine decides."""
_TORN_BYTES = 4096
_CUSTOMERS = 3
"""Made while two replicas work."""
_NO_PERMISSION = "no data permission for this operation"
_NEW_CUSTOMER = 'FCUSTID":0'
_ERP_QUERY = "*.ExecuteBillQuery.common.kdsvc"
_SLOW_SECONDS = 5.0
_START_SECONDS = 600.0
"""Until a process that was just killed works again, on a machine that others use as well: seen to
take 90 s at a load of 30."""
SAVE_SECONDS = 3.0
"""How long a save is under way, where an accident waits for one."""


async def kill(stage: Stage, chance: Random) -> None:
    """``kill -9`` of one process at any moment, and it is started again."""
    name = chance.choice(sorted(stage.anji))
    stage.anji[name].kill()
    stage.broken[f"kill -9 {name}"] += 1
    stage.anji[name].start()


async def save_under_way(stage: Stage) -> None:
    """Return while the ERP has made a customer as told and not answered yet, for 3 s.

    Customers have no number of their own: only Anji keeps them from being made twice.
    """
    await _save_struck(stage, {"kind": "delay", "delay_seconds": SAVE_SECONDS})


async def save_dropped(stage: Stage) -> None:
    """Return when the ERP has closed the connection of a new customer's save, and done nothing."""
    await _save_struck(stage, {"kind": "drop_before"})
    stage.broken["saves dropped"] += 1


async def _save_struck(stage: Stage, what: Mapping[str, object]) -> None:
    erp = stage.vendors["k3cloud"]
    before = await erp.hits()
    rule = {"endpoint": "*Save.common.kdsvc", "contains": _NEW_CUSTOMER, **what}
    await erp.suffer([rule])
    await stage.provoke()

    async def is_hit() -> bool:
        return await erp.hits() > before

    await until(is_hit, "a save is struck", seconds=_START_SECONDS)


async def kill_in_a_write(stage: Stage, chance: Random) -> None:
    """``kill -9`` of an ERP writer while the ERP has done as told and not answered yet."""
    name = "anji" if "anji" in stage.anji else "k3cloud-writer"
    await save_under_way(stage)
    stage.anji[name].kill()
    stage.broken[f"kill -9 {name} in a save"] += 1
    await _CLOCK.sleep(chance.uniform(0.0, 1.0))
    stage.anji[name].start()


async def thawed(stage: Stage, name: str) -> None:
    """SIGSTOP of a process for longer than its session; its work goes to another meanwhile."""
    stage.freeze(name)
    stand_in = stage.process(f"{name}-2", ("run", name))
    stand_in.start()
    try:
        await _started(stage, f"{name}-2")
        await _CLOCK.sleep(2 * _SESSION_SECONDS)
        stage.thaw(name)
        stage.broken[f"SIGSTOP {name}, taken over, thawed"] += 1
        await _CLOCK.sleep(_SESSION_SECONDS)
    finally:
        await stand_in.end()


async def thawed_zombie(stage: Stage, chance: Random) -> None:
    """The same, to any process."""
    await thawed(
        stage, chance.choice([each for each in sorted(stage.anji) if each != "fxiaoke-callback"])
    )


async def took_over(stage: Stage, chance: Random) -> None:
    """A second replica joins, the first ends in order and comes back."""
    await _replaced(
        stage, chance.choice([each for each in sorted(stage.anji) if each != "fxiaoke-callback"])
    )


async def writer_replaced(stage: Stage, _chance: Random) -> None:
    """The same, to the ERP's writer."""
    await _replaced(stage, "k3cloud-writer")


async def _replaced(stage: Stage, name: str) -> None:
    stand_in = stage.process(f"{name}-2", ("run", name))
    stand_in.start()
    try:
        await _started(stage, f"{name}-2")
        await _CLOCK.sleep(_SESSION_SECONDS)
        for _ in range(_CUSTOMERS):
            await stage.provoke()
            await _CLOCK.sleep(_SESSION_SECONDS / _CUSTOMERS)
        assert await stage.anji[name].end() in _IN_ORDER
        stage.broken[f"{name} replaced by a second replica"] += 1
        await _CLOCK.sleep(_SESSION_SECONDS)
        stage.anji[name].start()
    finally:
        await stand_in.end()


async def _started(stage: Stage, name: str, before: int = 0) -> None:
    """Wait until a process runs its services; on a busy machine that takes long."""
    log = stage.log(name)
    await until(
        lambda: log.read_bytes().count(STARTED) > before,
        f"{name} has started",
        seconds=_START_SECONDS,
    )


async def rolled(stage: Stage, _chance: Random) -> None:
    """Each process in turn is ended in order and started again, while something crosses."""
    for name, process in stage.anji.items():
        await stage.provoke()
        before = stage.log(name).read_bytes().count(STARTED)
        assert await process.end() in _IN_ORDER
        process.start()
        stage.broken[f"{name} restarted"] += 1
        await _started(stage, name, before)


async def vendor_killed(stage: Stage, chance: Random) -> None:
    """One system's server dies and comes back with what it had answered."""
    name = chance.choice(sorted(stage.vendors))
    vendor = stage.vendors[name]
    async with vendor.nobody_inside:
        await vendor.kill()
        stage.broken[f"{name} gone"] += 1
        await _CLOCK.sleep(chance.uniform(0.5, 3.0))
        await vendor.start()


async def vendor_silent(stage: Stage, chance: Random) -> None:
    """One system takes no call for a while: each connection is closed without an answer."""
    await silent(stage, chance.choice(sorted(stage.vendors)), chance)


async def silent(stage: Stage, name: str, chance: Random) -> None:
    """The same, to one system."""
    before = await stage.vendors[name].hits()
    await stage.vendors[name].suffer([{"kind": "drop_before", "calls": None}])
    await _CLOCK.sleep(chance.uniform(5.0, 15.0))
    await stage.vendors[name].recover()
    stage.broken[f"calls to a silent {name}"] += await stage.vendors[name].hits() - before


async def erp_sessions_ended(stage: Stage, chance: Random) -> None:
    """Every session of the ERP ends, in whatever batch it is."""
    await stage.vendors["k3cloud"].tell("_sessions", None, "DELETE")
    stage.broken["all ERP sessions ended"] += 1
    await _CLOCK.sleep(chance.uniform(0.2, 2.0))


async def kafka_killed(stage: Stage, chance: Random) -> None:
    """Kafka dies and is started again on its files."""
    assert stage.kafka is not None
    await stage.kafka.kill()
    stage.broken["kill -9 Kafka"] += 1
    await _CLOCK.sleep(chance.uniform(0.0, 5.0))
    await stage.kafka.start()


@dataclass(frozen=True, slots=True)
class _FrozenKafka:
    """Kafka takes connections and answers nothing for so long."""

    seconds: float

    async def __call__(self, stage: Stage, chance: Random) -> None:
        assert stage.kafka is not None
        stage.kafka.send(signal.SIGSTOP)
        await _CLOCK.sleep(self.seconds * chance.uniform(0.8, 1.2))
        stage.kafka.send(signal.SIGCONT)
        stage.broken["Kafka not to be reached"] += 1


kafka_frozen = _FrozenKafka(60.0)


async def tore_the_log(stage: Stage, chance: Random) -> None:
    """``kill -9`` of `anji up`, and the tail of the broker's write-ahead log cut at any byte.

    As after a power cut: what was written last has not reached the disk. Vendors keep what they
    were told, so Anji must find again what it does not know that it did.
    """
    stage.anji["anji"].kill()
    log = stage.folder / "anji" / "broker.sqlite-wal"
    size = log.stat().st_size if log.exists() else 0
    if size:
        with log.open("r+b") as file:
            file.truncate(max(0, size - chance.randint(1, min(size, _TORN_BYTES))))
        stage.broken["tail of the write-ahead log torn"] += 1
    stage.anji["anji"].start()


async def groups_reset(stage: Stage, _chance: Random) -> None:
    """Every group is put back to its first record; return when all of it was read again."""
    for process in stage.anji.values():
        assert await process.end() in _IN_ORDER
    installation = Installation.read({**stage.settings, "ANJI_HOME": str(stage.home)})
    async with installation.runtime(makes=False) as runtime:
        for group, inputs in groups_of(installation).items():
            await runtime.broker.reset(group, inputs, "start")
            stage.broken[f"group {group} put back to 0"] += 1
    before = {name: stage.log(name).read_bytes().count(STARTED) for name in stage.anji}
    for process in stage.anji.values():
        process.start()
    for name, count in before.items():
        await _started(stage, name, count)
    await until(lambda: _is_read(installation), "all is read again", seconds=180)


async def _is_read(installation: Installation) -> bool:
    async with installation.runtime(makes=False) as runtime:
        found = await lag_of(runtime.broker, installation)
    # On Kafka the marker behind the last record counts as a record; it has no age.
    return not any(lag.records and lag.seconds for lags in found.values() for lag in lags)


async def garbage_published(stage: Stage, chance: Random) -> None:
    """Somebody writes into topics what nobody can read."""
    installation = Installation.read({**stage.settings, "ANJI_HOME": str(stage.home)})
    topics = ("fxiaoke.AccountObj.changes.v1", "k3cloud.BD_Customer.changes.v1")
    messages = [
        Message(topic, f"garbage {number}", chance.randbytes(40))
        for topic in topics
        for number in range(20)
    ]
    async with installation.runtime(makes=False) as runtime:
        await runtime.broker.publish(messages)
    stage.broken["undecodable records"] += len(messages)


async def sight_lost(stage: Stage, chance: Random) -> None:
    """Anji's employee sees but his own records for a while: queries leave out the others.

    What is made meanwhile no window shows any more: the patrol has to find it. What was to be
    written is refused; who gives him back the right tries again what is shown as a problem.
    """
    crm = stage.vendors["fxiaoke"]
    await crm.tell("_switches", {"own_records_only": ["1000"]})
    await _CLOCK.sleep(chance.uniform(80.0, 90.0))  # a delete is confirmed after 60 s
    await crm.tell("_switches", {"own_records_only": []})
    if _NO_PERMISSION in await asked(stage.installation, "problems", "list"):
        words = ("problems", "retry", "--cause", _NO_PERMISSION, "--apply")
        await asked(stage.installation, *words)
    stage.broken["records of others hidden from Anji"] += 1


async def went_back_to_a_copy(stage: Stage, chance: Random) -> None:
    """The files are copied; `anji up` works on, dies in a save, and is started from the copy.

    It is stopped for the copy. Both vendors keep what was done since; Anji has forgotten it. Of
    the customer of that save nobody but the ERP knows: the CRM has not got its number yet. The
    ERP's queries are slow when Anji reads again, so that it hears of the customer from the CRM
    first: from the ERP's own record, which has our marker, it would learn what it had made.
    """
    process, copy = stage.anji["anji"], stage.folder / "copy"
    assert await process.end() in _IN_ORDER
    await asyncio.to_thread(shutil.copytree, stage.home, copy)
    process.start()
    await stage.all_started()
    await _CLOCK.sleep(chance.uniform(1.0, 5.0))
    await save_under_way(stage)
    process.kill()
    await asyncio.to_thread(shutil.rmtree, stage.home)
    await asyncio.to_thread(shutil.move, copy, stage.home)
    stage.broken["files put back to an older copy"] += 1
    erp = stage.vendors["k3cloud"]
    await erp.suffer(
        [{"kind": "delay", "endpoint": _ERP_QUERY, "delay_seconds": _SLOW_SECONDS, "calls": None}]
    )
    process.start()
    await stage.all_started()
    await _CLOCK.sleep(2 * _SLOW_SECONDS)
    await erp.recover()

"""Accidents that happen while the ERP has carried out a save and has not answered yet.

Whoever takes up such a write again, after a restart, a take-over or a commit that failed, must
find what was done. By chance these moments are rare; here each accident waits for one.
"""

from random import Random

from anji_common.clock import SystemClock
from ordeals.accidents import (
    kafka_frozen,
    kafka_killed,
    save_dropped,
    save_under_way,
    silent,
    thawed,
    tore_the_log,
)
from ordeals.disks import disk_filled, kafka_without_room
from ordeals.stage import Stage

__all__ = [
    "disk_filled_in_a_write",
    "erp_silent_in_a_write",
    "kafka_frozen_in_a_write",
    "kafka_killed_in_a_write",
    "kafka_stopped_in_a_write",
    "kafka_without_room_in_a_write",
    "tore_the_log_in_a_write",
    "zombie_in_a_write",
]

_CLOCK = SystemClock()
_WRITER = "k3cloud-writer"


async def zombie_in_a_write(stage: Stage, _chance: Random) -> None:
    """SIGSTOP of the ERP's writer in a save, for longer than its session; taken over, thawed."""
    await save_under_way(stage)
    await thawed(stage, _WRITER)


async def erp_silent_in_a_write(stage: Stage, chance: Random) -> None:
    """The ERP drops a save that it has not carried out, and from then on every call.

    By chance a look finds the silence first, and nothing is sent that could be given up.
    """
    await save_dropped(stage)
    await silent(stage, "k3cloud", chance)


async def kafka_killed_in_a_write(stage: Stage, chance: Random) -> None:
    """Kafka dies and comes back."""
    await save_under_way(stage)
    await kafka_killed(stage, chance)


async def kafka_stopped_in_a_write(stage: Stage, chance: Random) -> None:
    """Kafka is ended in order (SIGTERM), is away for a while, and is started again."""
    await save_under_way(stage)
    assert stage.kafka is not None
    await stage.kafka.stop()
    stage.broken["Kafka ended in order"] += 1
    await _CLOCK.sleep(chance.uniform(2.0, 12.0))
    await stage.kafka.start()


async def kafka_frozen_in_a_write(stage: Stage, chance: Random) -> None:
    """Kafka takes connections and answers nothing for a minute."""
    await save_under_way(stage)
    await kafka_frozen(stage, chance)


async def kafka_without_room_in_a_write(stage: Stage, chance: Random) -> None:
    """Kafka has no room for its files any more, and ends; it is started where there is room."""
    await save_under_way(stage)
    await kafka_without_room(stage, chance)


async def disk_filled_in_a_write(stage: Stage, chance: Random) -> None:
    """The disk of `anji up` is full while a result comes that it would note."""
    await save_under_way(stage)
    await disk_filled(stage, chance)


async def tore_the_log_in_a_write(stage: Stage, chance: Random) -> None:
    """`anji up` dies in a save, and what it wrote last is not on the disk."""
    await save_under_way(stage)
    await tore_the_log(stage, chance)

"""Memory of a mapper that has 100,000 links, and whether history makes it grow.

The mapper runs in a process of its own, so that only it is weighed. Its links are copies of one
that was really made, under other refs, written to ``anji.links.v1`` and the crosswalk as the
mapper writes them; the process restores its views from there, as after the loss of its disk.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.messages import Message
from anji_common.refs import Ref
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import LINKS
from anji_mapper.link.codec import decode_seat, seat_message
from anji_mapper.link.state import Seat, SideState, Stage
from anji_mapper.mapping.folder import load_mappings
from bench.figures import Family, Figure
from bench.mapper_rates import MapperSizes, lived
from bench.stands import declare, embedded_stand
from labs.memory_broker import all_records

__all__ = ["MemorySizes", "measure_memory"]

_WORDS = """\
A mapper alone in a process, embedded broker in it, with {links:,} linked customers
({seats:,} seats, {rows:,} crosswalk rows): its resident memory once everything is restored, and
after {history:,} and {twice:,} edits of them. "Grown" is what the second half of that history
has added."""
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class MemorySizes:
    """How many links, and how much happens to them."""

    links: int = 100_000
    history: int = 20_000


async def measure_memory(sizes: MemorySizes) -> Family:
    """Return what a mapper with many links weighs."""
    with TemporaryDirectory(prefix="anji-bench-") as home:
        await _fill(Path(home), await _one_link(), sizes.links)
        weighed = await _weighed(Path(home), sizes)
    return Family(
        "Memory, embedded",
        _WORDS.format(
            links=sizes.links,
            seats=2 * sizes.links,
            rows=2 * sizes.links,
            history=sizes.history,
            twice=2 * sizes.history,
        ),
        [
            Figure("before the mapper starts", weighed["before"], "MB"),
            Figure("with all links", weighed["restored"], "MB", at_most=300),
            Figure("seconds to restore them from the topics", weighed["seconds"], "s"),
            Figure("after the history", weighed["half"], "MB"),
            Figure("after twice the history", weighed["whole"], "MB", at_most=300),
            Figure("grown in the second half", weighed["whole"] - weighed["half"], "MB"),
        ],
    )


async def _one_link() -> tuple[Seat, Seat]:
    """Return the seats of a customer that was made and linked: the home's and the pointer."""
    mappings = load_mappings()
    async with embedded_stand().opened(mappings) as runtime:
        await lived(runtime, mappings, MapperSizes(1, 1, 0, 0))
        records = await all_records(runtime.broker, LINKS.name)
    seats = {record.key: decode_seat(record.value or b"") for record in records}
    home = next(
        seat
        for seat in seats.values()
        if seat.stage is Stage.LINKED and seat.link_type == "customer"
    )
    return home, seats[str(home.partner).encode()]


async def _fill(home: Path, link: tuple[Seat, Seat], count: int) -> None:
    broker = EmbeddedBroker(home / "broker.sqlite", clock=SystemClock())
    try:
        await declare(broker, load_mappings())
        batch: list[Message] = []
        for number in range(count):
            batch += _copies(*link, number)
            if len(batch) >= _BATCH or number == count - 1:
                await broker.publish(batch)
                batch = []
    finally:
        await broker.close()


def _copies(home: Seat, pointer: Seat, number: int) -> Iterator[Message]:
    """Yield the two seats and the two rows of one link more."""
    crm = replace(home.key, record_id=f"75f0{number:020x}")
    erp = replace(pointer.key, record_id=f"{200_000 + number}")
    crm_side, erp_side = _of(home.crm, crm), _of(home.erp, erp)
    yield seat_message(replace(home, key=crm, partner=erp, crm=crm_side, erp=erp_side))
    own = _of(pointer.erp, erp)
    yield seat_message(replace(pointer, key=erp, partner=crm, erp=own, heard={str(crm): 1}))
    for ref, other, side in ((crm, erp, crm_side), (erp, crm, erp_side)):
        yield CrosswalkRow(
            ref=ref,
            counterpart=other,
            link_type=home.link_type,
            business_number=None if side.seen is None else f"{side.seen.number}-{number}",
            updated_at=EPOCH,
        ).to_message()


def _of(side: SideState, ref: Ref) -> SideState:
    return replace(side, ref=ref)


async def _weighed(home: Path, sizes: MemorySizes) -> dict[str, float]:
    """Run a mapper in a process of its own, and return what it says it weighs."""
    arguments: Sequence[str] = (str(home), str(sizes.links), str(sizes.history))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.weighing",
        *arguments,
        cwd=Path(__file__).parents[1],
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    if process.returncode != 0:
        msg = f"the mapper that was to be weighed ended with {process.returncode}"
        raise RuntimeError(msg)
    weighed: dict[str, float] = json.loads(told)
    return weighed

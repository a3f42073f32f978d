"""Both sides edit the same records at the same moment, and neither vendor's clock is right.

A thousand pairs, say: a person in the CRM changes one field of a customer, one in the ERP another
field, and both the same third one. The clocks are hours apart, and jump. Nothing compares them, so
each of the two fields keeps its edit, and the third has its owner's word on both sides.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from anji.simulation.chance import seeded
from anji.simulation.controls import RULE_BOOK, RuleBook
from anji.simulation.run import FIRST_CALM_SECONDS
from anji.simulation.world import WRITING, World
from anji_common.events.notices import NoticeKind
from anji_common.refs import System
from anji_common.testing.virtual_time import run_virtually
from anji_mapper.mapping.model import Mappings

__all__ = ["Quarrels", "quarrel"]

_HOUR_SECONDS = 3600.0
_SKEWS_HOURS = {System.FXIAOKE: 5.0, System.K3CLOUD: -3.0}
_WRITING = WRITING.model_copy(update={"known_seconds": 0.0})
"""Each update is compared first: callbacks of a clock that is hours wrong are refused as replays,
so an edit is unknown for a whole poll, and would be written over (docs/reliability.md)."""
_ROUNDS = 2
_LOOK_SECONDS = 20.0
_PATIENCE_SECONDS = 1200.0
_TOGETHER = 20
"""Pairs that are edited in the same tenth of a second."""


@dataclass(slots=True)
class Quarrels:
    """How it ended."""

    pairs: int
    edits: int = 0
    jumps: int = 0
    """How often a vendor's clock jumped."""
    lost: list[str] = field(default_factory=list)
    """Edits that nobody contradicted and that do not stand on both sides."""
    wrong: list[str] = field(default_factory=list)
    """Fields that both edited and that do not hold their owner's word on both sides."""
    unheard: int = 0
    """Fewer notices than records whose loser nobody was told of."""

    @property
    def is_well(self) -> bool:
        """Whether no edit was lost, and owners had their way."""
        return not (self.lost or self.wrong)


def quarrel(pairs: int, seed: int, mappings: Mappings, rules: RuleBook = RULE_BOOK) -> Quarrels:
    """Let both sides edit so many pairs at once, in two rounds."""
    return run_virtually(_quarrelled(pairs, seed, mappings, rules))


async def _quarrelled(pairs: int, seed: int, mappings: Mappings, rules: RuleBook) -> Quarrels:
    found = Quarrels(pairs)
    async with World.begun(seed, mappings, rules, _WRITING) as world:
        for system, hours in _SKEWS_HOURS.items():
            world.vendors.weather[system].clock.skew_seconds = hours * _HOUR_SECONDS
        await world.clock.sleep(FIRST_CALM_SECONDS)
        ids = [
            await world.crm_user.create("AccountObj", {"name": f"n{each}", "tel": "0"})
            for each in range(pairs)
        ]
        partners = await _crossed(world, ids)
        for number in range(_ROUNDS):
            await _edited(world, ids, partners, f"{number}", found)
            await _rested(world, ids, f"{number}")
        found.lost, found.wrong = await _judged(world, ids, f"{_ROUNDS - 1}")
        told = await world.told_of(NoticeKind.CONFLICT_DECIDED)
        found.unheard = max(0, pairs - len({notice.link for notice in told}))
    return found


async def _crossed(world: World, ids: Sequence[str]) -> dict[str, int]:
    """Wait until all have crossed; return the ERP's id of each."""
    end = world.clock.monotonic() + _PATIENCE_SECONDS
    while True:
        rows = await world.erp_user.every("BD_Customer", ["FCUSTID", "F_ANJI_MARKER"])
        found = {str(row["F_ANJI_MARKER"]).rpartition("/")[2]: row["FCUSTID"] for row in rows}
        if len(found) >= len(ids):
            await world.clock.sleep(_LOOK_SECONDS)
            return found
        if world.clock.monotonic() > end:
            msg = f"{len(found)} of {len(ids)} customers crossed"
            raise AssertionError(msg)
        await world.clock.sleep(_LOOK_SECONDS)


async def _edited(
    world: World, ids: Sequence[str], partners: dict[str, int], word: str, found: Quarrels
) -> None:
    """Both people edit each pair at once; between some pairs a clock jumps ahead."""
    chance = seeded(f"quarrels {word}", len(ids))
    for start in range(0, len(ids), _TOGETHER):
        batch = ids[start : start + _TOGETHER]
        edits = [
            world.crm_user.update("AccountObj", each, tel=f"c{word}", remark=f"c{word}")
            for each in batch
        ] + [
            world.erp_user.change(
                "BD_Customer",
                {"FCUSTID": partners[each], "FADDRESS": f"e{word}", "FDescription": f"e{word}"},
            )
            for each in batch
        ]
        chance.shuffle(edits)
        await asyncio.gather(*edits)
        found.edits += 2 * len(edits)
        system = chance.choice(tuple(System))
        world.vendors.weather[system].clock.skew_seconds += chance.uniform(0.0, _HOUR_SECONDS)
        if system is System.FXIAOKE:  # a person's sign-in ends with its two hours
            world.crm_user = world.vendors.crm_user(world.clock)
            await world.crm_user.every("ProductObj")
        found.jumps += 1
        await world.clock.sleep(chance.uniform(0.0, 2.0))


async def _rested(world: World, ids: Sequence[str], word: str) -> None:
    """Wait until all agree, or nothing more is to be expected."""
    end = world.clock.monotonic() + _PATIENCE_SECONDS
    while world.clock.monotonic() < end:
        await world.clock.sleep(_LOOK_SECONDS)
        lost, wrong = await _judged(world, ids, word)
        if not (lost or wrong):
            return


async def _judged(world: World, ids: Sequence[str], word: str) -> tuple[list[str], list[str]]:
    """Return what was lost, and where the owner (the CRM) has not had its way."""
    ours = {one["_id"]: one for one in await world.crm_user.every("AccountObj")}
    keys = ["FCUSTID", "FTEL", "FADDRESS", "FDescription", "F_ANJI_MARKER"]
    rows = await world.erp_user.every("BD_Customer", keys)
    theirs = {str(row["F_ANJI_MARKER"]).rpartition("/")[2]: row for row in rows}
    lost: list[str] = []
    wrong: list[str] = []
    for each in ids:
        mine, partner = ours[each], theirs[each]
        for crm, erp, said in (("tel", "FTEL", f"c{word}"), ("address", "FADDRESS", f"e{word}")):
            if (mine.get(crm), partner[erp]) != (said, said):
                lost.append(f"{each} {crm}: {mine.get(crm)!r}, {partner[erp]!r}, said {said!r}")
        held = (mine.get("remark"), partner["FDescription"])
        if held != (f"c{word}", f"c{word}"):
            wrong.append(f"{each} remark: {held}, the CRM said c{word}")
    return lost, wrong

"""``anji k3cloud snapshot|probe|approve|pause|resume`` as they are typed, beside a real `anji up`.

The ERP is a sandbox over HTTP; what a command brought about is read from the topics.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from anji.installation import Installation
from anji.people import CrmUser, ErpUser
from anji_common.events.changes import Change
from anji_common.events.notices import NoticeKind
from anji_common.messages import Record
from anji_common.refs import Ref, System
from anji_common.topics import CHECKPOINTS, NOTICES, changes_topic
from labs.installation import Company, begun, company, until
from labs.typed import asked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

_FORM = "BD_MATERIAL"
_MATERIALS = changes_topic(System.K3CLOUD, _FORM)
_CONFIRMED_SECONDS = 180.0
"""A record is believed to be gone at the second look, a minute after the first."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person sits at."""

    both: Company
    crm: CrmUser
    erp: ErpUser
    settings: Mapping[str, str]

    async def types(self, *words: str) -> str:
        """Return what an `anji` command prints; it must end well."""
        return await asked(self.settings, *words, within_seconds=60)

    async def newest(self, topic: str) -> dict[str, Record]:
        """Return the newest record of every key of a topic."""
        installation = Installation.read(self.settings)
        async with installation.runtime(makes=False) as runtime:
            begins = dict(await runtime.broker.beginnings(topic))
            ends = await runtime.broker.ends(topic)
            reader = await runtime.broker.reader(topic, begins)
            found: dict[str, Record] = {}
            while any(reader.position(each) < end for each, end in ends.items()):
                for record in await reader.poll(wait_seconds=0.1):
                    found[(record.key or b"").decode()] = record
            await reader.close()
        return found

    async def material(self, number: str) -> Ref:
        """Make a material in the ERP; return its ref."""
        model = {"FMATERIALID": 0, "FNumber": number, "FName": number}
        result = await self.erp.save(
            _FORM, {**model, "FCreateOrgId": {"FNumber": "100"}, "FBaseUnitId": {"FNumber": "Pcs"}}
        )
        return Ref(System.K3CLOUD, _FORM, str(result["Id"]))

    async def until_told(self, *refs: Ref, gone: bool = False, seconds: float = 90.0) -> None:
        """Wait until the newest change of each of these is there, or is a tombstone."""

        async def is_so() -> bool:
            told = await self.newest(_MATERIALS)
            known = [told.get(str(ref)) for ref in refs]
            return all(each is not None and (each.value is None) is gone for each in known)

        await until(is_so, f"{[*map(str, refs)]} told, gone: {gone}", seconds=seconds)

    async def stands(self, ref: Ref, status: str) -> bool:
        """Say whether the newest change of a material has this document status."""
        told = (await self.newest(_MATERIALS)).get(str(ref))
        return told is not None and Change.from_record(told).stamp.status == status

    async def until_paused(self, *, paused: bool) -> None:
        """Wait until the source's checkpoint says that it rests, or that it does not."""

        async def is_so() -> bool:
            told = (await self.newest(CHECKPOINTS.name)).get(f"k3cloud/{_FORM}")
            return told is not None and _said(told).get("is_paused", False) is paused

        await until(is_so, f"{_FORM} paused: {paused}")


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Desk]:
    """Yield a desk before an Anji that has begun; one material is older than that."""
    log = folder / "anji.log"
    async with company(folder) as both, both.people() as (crm, erp, _):
        settings = {**both.settings, "ANJI_K3CLOUD_MOST_DELETES": "1"}
        desk = Desk(both, crm, erp, settings)
        await desk.material("OLD-1")
        async with begun(settings, log):
            yield desk


async def test_a_source_is_told_to_rest_and_to_go_on_and_to_read_what_is_older(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as desk:
        first = await desk.material("NEW-1")
        await desk.until_told(first)
        assert len(await desk.newest(_MATERIALS)) == 1, "what is older is not read by itself"

        said = await desk.types("k3cloud", "pause", _FORM)
        assert said == f"the source of {_FORM} is asked: pause\n"
        await desk.until_paused(paused=True)
        second = await desk.material("NEW-2")
        account = await desk.crm.create("AccountObj", {"name": "示例公司"})
        await until(lambda: desk.both.made("BD_Customer create") == 1, f"{account} has crossed")
        assert str(second) not in await desk.newest(_MATERIALS)

        await desk.types("k3cloud", "resume", _FORM)
        await desk.until_paused(paused=False)
        await desk.until_told(second)

        assert len(await desk.newest(_MATERIALS)) == 2
        await desk.types("k3cloud", "snapshot", _FORM)

        async def is_read() -> bool:
            return len(await desk.newest(_MATERIALS)) == 3

        await until(is_read, "the older one is read as well")


async def test_a_probe_finds_what_moved_no_date_and_many_deletes_wait_for_a_person(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as desk:
        one, two, three = [await desk.material(f"NEW-{n}") for n in (1, 2, 3)]
        await desk.until_told(one, two, three)
        await desk.erp.finish(_FORM, "NEW-1")
        await until(lambda: desk.stands(one, "C"), "its audit is told: it has a date")
        await desk.erp.do("UnAudit", _FORM, {"Ids": one.record_id})
        for ref in (two, three):
            await desk.erp.do("Delete", _FORM, {"Ids": ref.record_id})

        await desk.types("k3cloud", "probe", _FORM)

        async def is_held() -> bool:
            notices = map(_said, (await desk.newest(NOTICES.name)).values())
            return any(each.get("kind") == NoticeKind.DELETES_HELD for each in notices)

        await until(is_held, "people are told", seconds=_CONFIRMED_SECONDS)
        told = await desk.newest(_MATERIALS)
        assert all(told[str(ref)].value is not None for ref in (one, two, three))
        assert await desk.stands(one, "D"), "an un-audit has no date: only the probe finds it"

        await desk.types("k3cloud", "approve", _FORM)

        await desk.until_told(two, three, gone=True, seconds=_CONFIRMED_SECONDS)
        await desk.until_told(one)


def _said(record: Record) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(record.value or b"{}")
    return found

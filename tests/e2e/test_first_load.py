"""First load as typed: both companies lived before Anji, and nothing is written to join them.

On the embedded broker and on a real Kafka; then both sides are compared, read anew.
"""

import csv
import re
from pathlib import Path

import pytest

from labs.brokers import BrokerLab
from labs.installation import company, until
from labs.processes import AnjiProcess
from labs.typed import asked

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


async def test_two_companies_with_a_past_are_joined_without_a_write(
    lab: BrokerLab, tmp_path: Path
) -> None:
    sheet = tmp_path / "pairs.csv"
    async with company(tmp_path) as both, both.people() as (crm, erp, _):
        for n in (1, 2, 3):
            await crm.create("AccountObj", {"name": f"Kunde {n}", "erp_number__c": f"K{n}"})
        for n in (1, 2, 4):
            await erp.save("BD_Customer", {"FName": f"Kunde {n}", "FNumber": f"K{n}"})
        before = both.crm_core.store.writes + both.erp_core.store.writes
        settings = {**both.settings, **lab.settings_of_a_process}
        log = tmp_path / "sources.log"
        sources = AnjiProcess(settings, log, ("run", "fxiaoke-source", "k3cloud-source"))
        sources.start()
        await until(lambda: log.read_bytes().count(b"source.begun") >= 8, "sources began")
        await asked(settings, "fxiaoke", "snapshot", "AccountObj")
        await asked(settings, "k3cloud", "snapshot", "BD_Customer")

        async def are_read() -> bool:
            shown = await asked(settings, "match", "customer", "--csv", str(sheet))
            return re.search(r"^2 +customer +certain", shown, re.MULTILINE) is not None

        await until(are_read, "both snapshots are in the topics")
        with sheet.open(encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        assert sorted(row["standing"] for row in rows) == [
            "certain",
            "certain",
            "unmatched",
            "unmatched",
        ]
        assert both.crm_core.store.writes + both.erp_core.store.writes == before

        shown = await asked(settings, "match", "customer", "--pairs", str(sheet), "--apply")
        assert "2 certain ones are linked" in shown
        assert await sources.end() == 0
        anji = AnjiProcess(settings, tmp_path / "up.log")
        anji.start()

        async def crossed() -> bool:
            rows = await erp.every("BD_Customer", ["FName", "FNumber"])
            return any(row["FNumber"] == "K3" for row in rows)

        await until(crossed, "the customer that the ERP lacks is made there")
        links = await asked(settings, "links", "--type", "customer")
        assert await anji.end() == 0
        after = both.crm_core.store.writes + both.erp_core.store.writes
    assert links.count("linked") >= 2
    made = {what: count for what, count in (after - before).items() if "BD_Customer" in what}
    assert made == {"BD_Customer create": 1}

"""``anji reconcile`` as typed on a running installation, on the embedded broker and on Kafka."""

import re
from pathlib import Path

import pytest

from labs.brokers import BrokerLab
from labs.installation import begun, company, until
from labs.typed import asked, typed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def counts(shown: str) -> dict[str, str]:
    """Return what the table of counts says of customers, without its noughts."""
    lines = [re.split(r" {2,}", line.strip()) for line in shown.splitlines()]
    heads = next(line for line in lines if line[0] == "type")
    cells = next(line for line in lines if line[0] == "customer" and len(line) == len(heads))
    found = dict(zip(heads[1:], cells[1:], strict=True))
    return {what: count for what, count in found.items() if count != "0"}


async def test_what_only_a_fresh_reading_finds_is_told_and_nothing_is_written(
    lab: BrokerLab, tmp_path: Path
) -> None:
    async with company(tmp_path) as both, both.people() as (crm, erp, _):
        settings = {
            **both.settings,
            **lab.settings_of_a_process,
            "ANJI_K3CLOUD_CONFIRM_SECONDS": "1",
        }
        async with begun(settings, tmp_path / "anji.log"):
            for name in ("Ann", "Bob", "Cid"):
                await crm.create("AccountObj", {"name": name, "erp_number__c": f"C-{name}"})

            async def are_matched() -> bool:
                return counts(await asked(settings, "reconcile", "customer")) == {"matched": "3"}

            await until(are_matched, "all three are linked, and both sides hold the same")
            await erp.do("Delete", "BD_Customer", {"Numbers": ["C-Bob"]})
            before = both.crm_core.store.writes + both.erp_core.store.writes

            stale = await asked(settings, "reconcile", "customer")
            fresh = await asked(settings, "reconcile", "customer", "--fresh", within_seconds=120)

            assert counts(stale) == {"matched": "3"}
            assert counts(fresh) == {"matched": "2", "dangling": "1"}
            assert both.crm_core.store.writes + both.erp_core.store.writes == before

        ended = await typed(settings, "reconcile", "customer", "--fresh", "--patience", "2")
        assert ended.code == 76
        assert "no source of fxiaoke and k3cloud has taken the wish" in ended.errors
        assert "anji run fxiaoke-source k3cloud-source" in ended.errors

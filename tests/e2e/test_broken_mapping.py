"""A mapping that people break: what runs goes on, and nothing starts with it."""

from pathlib import Path

import pytest

from anji_mapper.mapping.folder import find_folder
from labs.installation import begun, company, until
from labs.mapping_files import changed
from labs.processes import AnjiProcess
from labs.typed import typed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

_MISTAKES = {
    "customer": ("natural_keys:", "natural_key:"),
    "product": ("creates: both", "creates: bth"),
    "sales_order": ("lens: {reference: customer}", "lens: {reference: custmer}"),
}


def _copied(folder: Path) -> Path:
    folder.mkdir()
    for path in find_folder().glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    return folder


async def test_a_mapping_that_breaks_stops_nothing_that_runs_and_starts_nothing(
    tmp_path: Path,
) -> None:
    mappings, log = _copied(tmp_path / "mine"), tmp_path / "anji.log"
    whole = {name: (mappings / f"{name}.yaml").read_text() for name in _MISTAKES}
    async with company(tmp_path) as both, both.people() as (crm, erp, _):
        settings = {**both.settings, "ANJI_MAPPINGS_DIR": str(mappings)}

        async def crosses(number: str) -> None:
            await crm.create("AccountObj", {"name": number, "erp_number__c": number})

            async def is_there() -> bool:
                rows = await erp.every("BD_Customer", ["FNumber"])
                return number in {row["FNumber"] for row in rows}

            await until(is_there, f"{number} in the ERP")

        async with begun(settings, log):
            await crosses("C-1")
            for name, (right, wrong) in _MISTAKES.items():
                (mappings / f"{name}.yaml").write_text(changed(whole[name], right, wrong))
            checked = await typed(settings, "mapping", "check")
            await crosses("C-2")

        refused = AnjiProcess(settings, tmp_path / "refused.log")
        refused.start()
        assert await refused.wait() == 78
        alone = await typed(settings, "run", "k3cloud-writer")

        for name, text in whole.items():
            (mappings / f"{name}.yaml").write_text(text)
        mended = AnjiProcess(settings, tmp_path / "mended.log")
        mended.start()
        await crosses("C-3")
        assert await mended.end() == 0

    *lines, last = checked.shown.splitlines()
    assert (checked.code, last) == (1, f"mistakes: {len(lines)}, in 12 files")
    for line in lines:
        place, _, words = line.partition(": ")
        file, row, column = place.rsplit(":", 2)
        assert file in {f"mine/{name}.yaml" for name in _MISTAKES}
        wrong = _MISTAKES[Path(file).stem][1]
        text = changed(whole[Path(file).stem], *_MISTAKES[Path(file).stem])
        assert wrong in text.splitlines()[int(row) - 1]
        assert int(column) > 1
        assert "did you mean" in words or "bth" in words
    told = (tmp_path / "refused.log").read_text()
    assert all(line in told and line in alone.errors for line in lines)
    assert alone.code == 78

"""``anji mapping check --live``: files against what both sandboxes say of their objects."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from anji_mapper.mapping.folder import find_folder
from labs.installation import company, until
from labs.mapping_files import changed
from labs.processes import AnjiProcess, heard_out

ANJI = str(Path(sys.executable).with_name("anji"))


async def checked(settings: Mapping[str, str], folder: Path) -> tuple[int, list[str]]:
    """Return the exit code of the command over a folder, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        ANJI,
        "mapping",
        "check",
        str(folder),
        "--live",
        env={"PATH": "/usr/bin:/bin", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    out, _ = await heard_out(process)
    return process.returncode or 0, out.decode().splitlines()


def copied(tmp_path: Path, *changes: tuple[str, str, str]) -> Path:
    """Return a copy of the shipped files with places changed: (file, old, new)."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for path in find_folder().glob("*.yaml"):
        text = path.read_text()
        for name, old, new in changes:
            if path.stem == name:
                text = changed(text, old, new)
        (folder / path.name).write_text(text)
    return folder


ALL = """
[mapping]
contact = {used = true}
payment = {used = true}
return = {used = true}
receivable = {used = true}
stock = {used = true}
shipment = {trace = true}
sales_order = {status_back = true, by_owner = true}
"""


async def test_all_shipped_files_say_what_both_systems_have(tmp_path: Path) -> None:
    (tmp_path / "anji.toml").write_text(ALL)
    async with company(tmp_path) as both:
        settings = {**both.settings, "ANJI_CONFIG": str(tmp_path / "anji.toml")}
        code, lines = await checked(settings, copied(tmp_path))

    assert (code, lines[-1]) == (0, "9 link types, no mistake"), lines


CHANGES = {
    "the CRM has no ProductObjs; did you mean 'ProductObj'?": (
        "product", "object: ProductObj", "object: ProductObjs",
    ),
    "the ERP has no BD_MATERIALS": (
        "product", "object: BD_MATERIAL", "object: BD_MATERIALS",
    ),
    "the CRM has no field telephone_no": (
        "customer", "crm: tel,", "crm: telephone_no,",
    ),
    "the ERP has no field FSALDEPTIDS; did you mean 'FSALDEPTID'?": (
        "customer", "FSALDEPTID: {", "FSALDEPTIDS: {",
    ),
    "order_time (order_time) is date, text, time, and is read as boolean here": (
        "sales_order", "erp: FDate, lens: date", "erp: FDate, lens: flag",
    ),
    "price (price) is required and has no place in the packet": (
        "product", "    price: ${crm_price}\n", "",
    ),
    "FBaseUnitId (基本单位) is required and has no place in the packet": (
        "product", '    FBaseUnitId: {FNumber: "${unit}"}\n', "",
    ),
}  # fmt: skip
"""What is told: (file, what stands in it, what stands there instead)."""


@pytest.mark.parametrize("words", CHANGES)
async def test_what_a_system_does_not_have_is_told_with_its_place(
    tmp_path: Path, words: str
) -> None:
    change = CHANGES[words]
    async with company(tmp_path) as both:
        code, lines = await checked(both.settings, copied(tmp_path, change))

    place = f"mine/{change[0]}.yaml:"
    assert code == 1
    assert any(line.startswith(place) and words in line for line in lines), lines


async def test_every_mistake_of_both_systems_is_told_at_once(tmp_path: Path) -> None:
    folder = copied(
        tmp_path,
        ("customer", "crm: fax,", "crm: faxx,"),
        ("customer", "erp: FWEBSITE", "erp: FWEBSITES"),
        ("customer", "    FWEBSITE:", "    FWEBSITES:"),
        ("shipment", "waybill_from: FCarriageNO ", "waybill_from: FCarriageNumber "),
    )
    async with company(tmp_path) as both:
        _, lines = await checked(both.settings, folder)

    assert lines[-1] == "mistakes: 4, in 12 files"


@pytest.mark.slow
async def test_a_file_that_is_broken_stops_no_running_service_and_starts_none(
    tmp_path: Path,
) -> None:
    folder = copied(tmp_path)
    async with company(tmp_path) as both, both.people() as (crm, _erp, _crowd):
        settings = {**both.settings, "ANJI_MAPPINGS_DIR": str(folder)}
        log = tmp_path / "anji.log"
        anji = AnjiProcess(settings, log)
        anji.start()
        await until(lambda: log.read_bytes().count(b"source.begun") >= 8, "every source has begun")
        (folder / "customer.yaml").write_text("link: [broken\n")

        await crm.create("AccountObj", {"name": "客户", "erp_number__c": "C-1"})
        await until(lambda: both.made("BD_Customer create") == 1, "it crossed all the same")
        ended = await anji.end()
        anji.start()
        code = await anji.wait()

    assert (ended, code) == (0, 78)
    assert b"mine/customer.yaml:2:1: not YAML" in log.read_bytes()

"""``anji mapping check``: every mistake at once, and a service that does not start with one."""

import subprocess
import sys
from pathlib import Path

import pytest

from anji_common.errors import ConfigurationError
from anji_mapper.mapping.folder import load_mappings
from labs.mapping_files import GOOD, ORDER, changed

ANJI = str(Path(sys.executable).with_name("anji"))
CIRCLE = changed(GOOD, "erp: FTEL}", "erp: FTEL, lens: {reference: order}}")


def anji(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [ANJI, *words],
        env={"ANJI_HOME": str(home), "PATH": "/usr/bin:/bin", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_the_shipped_mappings_have_no_mistake(tmp_path: Path) -> None:
    ended = anji(tmp_path, "mapping", "check")

    assert ended.returncode == 0
    assert "sales_order: waits for customer, product" in ended.stdout
    assert ended.stdout.endswith("4 link types, no mistake\n")


def test_every_mistake_of_every_file_is_a_line_with_its_place(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "mine",
        customer=changed(GOOD, "creates: crm", "creates: cmr"),
        order=changed(ORDER, "reference: customer", "reference: custmer"),
    )

    ended = anji(tmp_path, "mapping", "check", str(folder))

    *lines, last = ended.stdout.splitlines()
    assert ended.returncode == 1
    assert last == "mistakes: 2, in 2 files"
    assert lines[0].startswith("mine/customer.yaml:4:10: ")
    assert lines[1].startswith("mine/order.yaml:21:")
    assert "did you mean 'customer'?" in lines[1]


def test_link_types_that_wait_for_each_other_start_no_service(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", customer=CIRCLE, order=ORDER)

    ended = anji(tmp_path, "mapping", "check", str(folder))
    started = anji(tmp_path, "run", "mapper", ANJI_MAPPINGS_DIR=str(folder))

    assert ended.returncode == 1
    assert "wait for each other in a circle: customer → order → customer" in ended.stdout
    assert started.returncode == 78
    assert "wait for each other in a circle" in started.stderr
    with pytest.raises(ConfigurationError, match="in a circle"):
        load_mappings(folder)


def test_what_is_set_for_a_mapping_is_checked_with_it(tmp_path: Path) -> None:
    (tmp_path / "anji.toml").write_text('[mapping.customer]\norganisatoin = "603"\n')

    ended = anji(tmp_path, "mapping", "check")

    assert ended.returncode == 1
    assert "did you mean 'organisation'?" in ended.stdout

"""House rules on the pages about the vendors: what they name exists."""

import re
from pathlib import Path

import pytest

from labs.house import ROOT

PAGES = sorted((ROOT / "docs" / "vendors").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_proves_a_row_exists(page: Path) -> None:
    text = page.read_text()
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))

    missing = [name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in tests]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_covers_an_uncertainty_exists(page: Path) -> None:
    text = page.read_text()
    settings = (ROOT / "docs" / "configuration.md").read_text()

    missing = [name for name in re.findall(r"ANJI_[A-Z0-9_]+", text) if name not in settings]

    assert missing == []

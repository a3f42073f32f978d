"""Pages that are made from the code are as the code is now; ``make docs`` makes them anew."""

from pathlib import Path

import pytest

from labs.house import ROOT
from pages import generated_pages

PAGES = dict(generated_pages())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_generated_page_is_fresh(page: Path) -> None:
    assert page.read_text() == PAGES[page]


def test_no_page_of_the_events_is_left_over() -> None:
    found = set((ROOT / "docs" / "events").glob("*.json"))

    assert found <= set(PAGES)


@pytest.mark.parametrize("vendor", ["fxiaoke", "k3cloud"])
def test_every_switch_of_the_sandbox_says_what_it_means(vendor: str) -> None:
    page = (ROOT / "docs" / "vendors" / f"{vendor}.md").read_text()

    assert "<!-- Switches: made from the code" in page
    assert [line for line in page.splitlines() if line.endswith("|  |")] == []

"""House rules on pages for people: they end as they must, and what they point to exists."""

import re
from pathlib import Path

import pytest

from labs.house import ROOT, markdown_files

_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", markdown_files(), ids=_name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = _FENCE.sub("", page.read_text())

    broken = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]

    assert broken == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")), ids=_name)
def test_every_decision_says_what_enforces_it(page: Path) -> None:
    last_paragraph = page.read_text().strip().rsplit("\n\n", maxsplit=1)[-1]

    assert last_paragraph.startswith("*Enforced by:*")


def test_architecture_md_has_at_most_200_lines() -> None:
    lines = (ROOT / "ARCHITECTURE.md").read_text().count("\n")

    assert lines <= 200

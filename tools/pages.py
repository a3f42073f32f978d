"""Writes the pages that are made from the code: ``make docs``.

``tests/house/test_generated_pages.py`` fails when one of them is stale.
"""

from collections.abc import Iterator
from pathlib import Path

from configuration_page import configuration_page
from event_pages import event_pages
from mapping_pages import mapping_pages
from sandbox_page import sandbox_page
from strimzi_topics import strimzi_topics

__all__ = ["generated_pages"]

_ROOT = Path(__file__).parents[1]


def generated_pages(root: Path = _ROOT) -> Iterator[tuple[Path, str]]:
    """Yield path and text of every generated page."""
    yield from event_pages(root / "docs" / "events")
    yield from configuration_page(root)
    yield from mapping_pages(root / "docs" / "mappings")
    yield from sandbox_page(root)
    yield from strimzi_topics(root)


if __name__ == "__main__":
    for path, text in generated_pages():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

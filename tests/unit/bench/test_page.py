"""The page of figures keeps what people have written."""

import pytest

from bench.effort import Effort
from bench.figures import Family, Figure
from bench.page import rendered, with_section

PAGE = "by hand\n<!-- bench mapper: begin -->\nold\n<!-- bench mapper: end -->\nmore by hand\n"


def test_a_section_is_replaced_and_what_stands_around_it_is_kept() -> None:
    page = with_section(PAGE, "mapper", "new")

    assert page == PAGE.replace("old", "new")
    assert with_section(page, "mapper", "new") == page


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="bench memory: begin"):
        with_section(PAGE, "memory", "new")


def test_a_figure_says_whether_its_aim_is_met() -> None:
    family = Family(
        "Latency",
        "What was done.",
        [
            Figure("slow", 31.26, "ms", at_most=30),
            Figure("fast", 4_123.4, "/s", at_least=4000),
            Figure("only told", 0.125, "MB"),
        ],
    )

    text = rendered("make bench", ["2 cores"], [family])

    assert "| slow | 31.3 ms | <= 30 ms: missed |" in text
    assert "| fast | 4,123 /s | >= 4,000 /s: met |" in text
    assert "| only told | 0.12 MB |  |" in text


def test_efforts_add_up_to_a_rate_per_core() -> None:
    effort = Effort(4.0, 1.0) + Effort(2.0, 1.0) - Effort(0.0, 0.5)

    assert (effort.per_second(600), effort.per_core(600)) == (100.0, 400.0)
    assert effort.micros(600) == 2500.0

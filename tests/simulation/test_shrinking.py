"""A seed that breaks is made small, and what is left is played by one command."""

import pytest
from typer.testing import CliRunner

from anji.simulate_command import simulate_app
from anji.simulation.cuts import Cut, names_of, parts_in
from anji.simulation.run import Outcome
from anji.simulation.shrinking import shrink
from anji.simulation.tally import Tally

_PARTS = (*(f"d{each}" for each in range(20)), *(f"a{each}" for each in range(10)), "f1")


def _told(cut: Cut, *, breaks: bool, parts: tuple[str, ...] = _PARTS) -> Outcome:
    return Outcome(
        seed=1,
        words="it breaks" if breaks else "",
        tally=Tally(),
        virtual_seconds=0.0,
        storm_seconds=cut.seconds or 120.0,
        parts=tuple(each for each in parts if cut.has(each)),
        verdicts={},
        journal=(),
    )


def test_what_a_break_does_not_need_is_left_out() -> None:
    found = shrink(lambda cut: _told(cut, breaks=all(map(cut.has, ("d3", "d17", "a4")))))

    assert found is not None
    assert found.outcome.parts == ("d3", "d17", "a4")
    assert found.cut.seconds == 15


def test_the_storm_is_as_short_as_it_breaks() -> None:
    found = shrink(lambda cut: _told(cut, breaks=(cut.seconds or 120.0) >= 60, parts=()))

    assert found is not None
    assert found.cut.seconds == 60


def test_a_seed_that_ends_well_is_not_shrunk() -> None:
    assert shrink(lambda cut: _told(cut, breaks=False)) is None


def test_no_more_is_tried_than_is_allowed() -> None:
    tried: list[Cut] = []

    def run(cut: Cut) -> Outcome:
        tried.append(cut)
        return _told(cut, breaks=not tried[1:])

    found = shrink(run, tries=7)

    assert found is not None
    assert found.tries == len(tried) == 7


@pytest.mark.parametrize("text", ["", "a0", "a0-3,d7", "a1,c0-1,c4,d2-9,f5"])
def test_what_is_left_out_is_written_in_short_and_read_again(text: str) -> None:
    assert parts_in(names_of(text)) == text


@pytest.mark.parametrize("text", ["x1", "a", "a1-", "d1;d2"])
def test_what_names_nothing_is_refused(text: str) -> None:
    ended = CliRunner().invoke(simulate_app, ["--without", text])

    assert ended.exit_code == 2
    assert "names nothing of a history" in " ".join(ended.output.split())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_command_that_is_printed_plays_the_history_that_was_printed() -> None:
    shrunk = CliRunner().invoke(
        simulate_app, ["--seed", "1", "--control", "stale", "--shrink", "--storm-seconds", "15"]
    )
    *told, _parts, command = shrunk.output.splitlines()

    assert shrunk.exit_code == 1
    _, _, *words = command.split()
    played = CliRunner().invoke(simulate_app, words)

    assert played.exit_code == 1
    assert played.output.splitlines()[: len(told)] == told

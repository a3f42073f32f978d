"""``anji simulate``: run seeds of the simulation, and read what happened."""

from collections.abc import Iterable
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from anji.entry import INTERRUPTED
from anji.simulation.controls import CONTROLS, SHOWN_BY_THE_REDUCER
from anji.simulation.cuts import WHOLE, Cut, names_of, parts_in
from anji.simulation.many import outcomes, shrunk
from anji.simulation.run import Outcome
from anji.simulation.tally import ACCIDENTS, Tally
from anji_common.clock import SystemClock

__all__ = ["simulate_app", "simulate_seeds"]

simulate_app = typer.Typer()

_out = Console(soft_wrap=True, highlight=False)

_ONE_BY_ONE = 20
"""Of more seeds than these, not each gets a line."""
_LINES = 200
"""Tell at the most how far many seeds are."""
_ALL = "all"


@simulate_app.command(name="simulate")
def simulate_seeds(  # noqa: PLR0913, PLR0917 - one parameter an option
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many, from that one on.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="On how many processes.")] = 1,
    control: Annotated[
        str | None,
        typer.Option(
            help="Switch this rule off (`all`: each that seeds can show); count what breaks."
        ),
    ] = None,
    trace: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option(help="Print everything that happened; always for a seed that fails.")
    ] = False,
    shrink: Annotated[  # noqa: FBT002 - a flag of the command line
        bool,
        typer.Option(
            help="Find the smallest history of the seed that breaks (with `--control`: without "
            "that rule), print its trace and the command that plays it."
        ),
    ] = False,
    day: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option(help="Let each seed be a whole day of traffic.")
    ] = False,
    storm_seconds: Annotated[
        float | None, typer.Option(min=1, help="How long a storm is, in place of the seed's own.")
    ] = None,
    without: Annotated[
        str,
        typer.Option(
            help="What is left out: deeds, changes of lines and states, accidents, faults; as "
            "d0-3,c1,o2,a7,f2."
        ),
    ] = "",
) -> None:
    """Run the whole installation under virtual time, with crashes, lost answers and take-overs."""
    wanted = range(seed, seed + seeds)
    cut = _cut(without, storm_seconds, is_day=day)
    if shrink:
        _shrink(seed, cut, control)
        return
    if control is not None and cut == WHOLE:
        _print_controls(control, wanted, jobs)
        return
    played = outcomes(wanted, jobs=jobs, control=control, traces=trace, cut=cut)
    ended: list[bool] = []
    try:
        with closing(played):
            _print_all(played, seeds, ended)
    except KeyboardInterrupt:
        failed = ended.count(False)
        _out.print(f"interrupted; of {seeds} seeds {len(ended)} were played, {failed} failed")
        raise typer.Exit(INTERRUPTED) from None


def _print_all(played: Iterable[Outcome], seeds: int, ended: list[bool]) -> None:
    """Print how so many seeds ended, and note in `ended` of each whether well.

    Raises:
        typer.Exit: one did not end well.
    """
    failed, tally, links = list[int](), Tally(), 0
    clock = SystemClock()
    begun = clock.monotonic()
    for done, outcome in enumerate(played, start=1):
        ended.append(outcome.is_well)
        tally.update(outcome.tally)
        links += sum(verdict.linked for verdict in outcome.verdicts.values())
        for line in outcome.journal:
            _out.print(str(line), markup=False)
        if not outcome.is_well:
            failed.append(outcome.seed)
        if seeds <= _ONE_BY_ONE or not outcome.is_well:
            _out.print(_summary(outcome), markup=False)
        if seeds > _ONE_BY_ONE and done % max(_ONE_BY_ONE, seeds // _LINES) == 0:
            left = (clock.monotonic() - begun) / done * (seeds - done) / 60
            _out.print(f"{done} of {seeds} seeds, {len(failed)} failed, {left:.0f} min left")
    if seeds > 1:
        _out.print(_accidents(tally))
        _out.print(f"{seeds - len(failed)} of {seeds} seeds ended well, {links} links")
    if failed:
        _out.print(
            f"failed: {', '.join(map(str, failed))}; replay one with --seed N --trace, and make "
            "it small with --seed N --shrink"
        )
        raise typer.Exit(1)


def _cut(without: str, storm_seconds: float | None, *, is_day: bool) -> Cut:
    try:
        return Cut(names_of(without), storm_seconds, is_day)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _shrink(seed: int, cut: Cut, control: str | None) -> None:
    """Print the smallest history that breaks.

    Raises:
        typer.Exit: 0 if the seed ends well, as it is; 1 if not.
    """
    if control is not None and control not in CONTROLS:
        raise typer.BadParameter(_unknown(control))
    found = shrunk(seed, cut, control=control)
    if found is None:
        _out.print(f"seed {seed} ends well: there is nothing to shrink")
        return
    for line in found.outcome.journal:
        _out.print(str(line), markup=False)
    _out.print(_summary(found.outcome), markup=False)
    parts = parts_in(found.outcome.parts) or "nothing"
    _out.print(f"of what happened {parts} is left, found in {found.tries} tries; play it by")
    rule = "" if control is None else f"--control {control} "
    _out.print(f"anji simulate --seed {seed} {rule}{found.cut.words} --trace", markup=False)
    raise typer.Exit(1)


def _unknown(name: str) -> str:
    return f"there is no rule {name!r}; there are {', '.join(CONTROLS)}"


def _summary(outcome: Outcome) -> str:
    links = sum(verdict.linked for verdict in outcome.verdicts.values())
    accidents = sum(outcome.tally[each] for each in ACCIDENTS)
    return (
        f"seed {outcome.seed}: {'well' if outcome.is_well else outcome.words}; {links} links, "
        f"{accidents} accidents, {outcome.virtual_seconds:.0f} virtual seconds"
    )


def _accidents(tally: Tally) -> Table:
    table = Table("what happened", "times", box=None)
    for name, times in sorted(tally.items()):
        table.add_row(name, str(times))
    return table


def _print_controls(name: str, seeds: range, jobs: int) -> None:
    """Print, as Markdown, how many seeds break without a rule."""
    chosen = [each for each in CONTROLS if each not in SHOWN_BY_THE_REDUCER]
    names = chosen if name == _ALL else [name]
    if unknown := [each for each in names if each not in CONTROLS]:
        raise typer.BadParameter(_unknown(unknown[0]))
    _out.print("| rule | without it | seeds that break | how the first one does |")
    _out.print("|---|---|---|---|")
    for each in names:
        control = CONTROLS[each]
        broken = [one for one in outcomes(seeds, jobs=jobs, control=each) if not one.is_well]
        count = f"{len(broken)} of {len(seeds)}"
        first = f"seed {broken[0].seed}: {_first_words(broken[0])}" if broken else ""
        line = f"| {control.rule} {each} | {control.words} | {count} | {first} |"
        _out.print(line, markup=False)


def _first_words(outcome: Outcome) -> str:
    return outcome.words.partition(";")[0][:120].replace("|", "/")

"""``anji simulate``: replay seeds of the simulation, and read what happened."""

from typing import Annotated

import typer
from rich.console import Console

from anji.simulation.run import Outcome, simulate
from anji_mapper.mapping.folder import load_mappings

__all__ = ["simulate_app", "simulate_seeds"]

simulate_app = typer.Typer()

_out = Console(soft_wrap=True, highlight=False)


@simulate_app.command(name="simulate")
def simulate_seeds(
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many, from that one on.")] = 1,
    trace: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option(help="Print everything that happened; always for a seed that fails.")
    ] = False,
) -> None:
    """Run the whole installation under virtual time, killing processes and losing answers."""
    mappings = load_mappings()
    failed: list[int] = []
    for each in range(seed, seed + seeds):
        outcome = simulate(each, mappings)
        if trace or not outcome.is_well:
            for line in outcome.journal:
                _out.print(str(line), markup=False)
        _out.print(_summary(outcome), markup=False)
        if not outcome.is_well:
            failed.append(each)
    if failed:
        _out.print(f"failed: {', '.join(map(str, failed))}; replay one with --seed N --trace")
        raise typer.Exit(1)


def _summary(outcome: Outcome) -> str:
    links = sum(verdict.linked for verdict in outcome.verdicts.values())
    return (
        f"seed {outcome.seed}: {'well' if outcome.is_well else outcome.words}; {links} links, "
        f"{outcome.kills} kills, {outcome.outages} outages, {outcome.spoilt_calls} calls spoilt, "
        f"{outcome.virtual_seconds:.0f} virtual seconds"
    )

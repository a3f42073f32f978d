"""``anji check``: all that can be told before anything runs, a line each."""

import asyncio
import os

import typer
from rich.console import Console

from anji.checking import check_all
from anji_common.logs import configure_logs

__all__ = ["check_app", "check_installation"]

check_app = typer.Typer()

_out = Console(soft_wrap=True, highlight=False)


@check_app.command("check")
def check_installation() -> None:
    """Say of settings, mappings, numbering, topics and both vendors: ok, or what to do."""
    configure_logs("console", "error")
    to_do, later = asyncio.run(_checked())
    if to_do:
        _out.print(f"{to_do} thing{'s' if to_do > 1 else ''} to do", markup=False)
        raise typer.Exit(1)
    rest = f", as far as can be told yet: look again at {later} later" if later else ""
    _out.print(f"all is well{rest}", markup=False)


async def _checked() -> tuple[int, int]:
    """Print the lines; return how many say what to do, and how many cannot be told yet."""
    to_do = later = 0
    async for line in check_all(os.environ):  # noqa: TID251 - the outermost place, where they are read
        word = "[green]ok[/]   " if line.is_well else "[red]to do[/]"
        word = word if line.is_known else "[yellow]later[/]"
        to_do += not line.is_well
        later += not line.is_known
        _out.print(f"{word} {line.part} ", end="")
        _out.print(f"{line.subject}: {line.words}", markup=False)
    return to_do, later

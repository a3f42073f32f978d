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
    if to_do := asyncio.run(_checked()):
        _out.print(f"{to_do} things to do", markup=False)
        raise typer.Exit(1)
    _out.print("all is well", markup=False)


async def _checked() -> int:
    to_do = 0
    async for line in check_all(os.environ):  # noqa: TID251 - the outermost place, where they are read
        word = "[green]ok[/]   " if line.is_well else "[red]to do[/]"
        to_do += not line.is_well
        _out.print(f"{word} {line.part} ", end="")
        _out.print(f"{line.subject}: {line.words}", markup=False)
    return to_do

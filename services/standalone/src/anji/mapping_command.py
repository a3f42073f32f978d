"""``anji mapping``: check mapping files before a service is started with them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from anji.installation import mapping_settings
from anji_mapper.mapping.check import check, dependencies, load_order
from anji_mapper.mapping.compile import compile_mappings, find_errors
from anji_mapper.mapping.entry_points import installed_conversions
from anji_mapper.mapping.folder import find_folder, read_folder

__all__ = ["check_mappings", "mapping_app"]

mapping_app = typer.Typer(help="The mapping files.", no_args_is_help=True)

_out = Console(soft_wrap=True, highlight=False)


@mapping_app.callback()
def _mapping() -> None:
    """Keep `check` a word to be typed while it is the only one."""


@mapping_app.command("check")
def check_mappings(
    folder: Annotated[
        Path | None, typer.Argument(help="By default ANJI_MAPPINGS_DIR, or the shipped ones.")
    ] = None,
) -> None:
    """Say all that is wrong, a line each: file, line, column, what, and the nearest right name."""
    given, settings = mapping_settings(os.environ)  # noqa: TID251 - the outermost place, where they are read
    texts = read_folder(find_folder(folder or given))
    own = installed_conversions()
    findings = find_errors(texts, settings, own)
    mappings = None if findings else compile_mappings(texts, settings, own)
    if mappings is not None:
        findings = tuple(check(mappings))
    for finding in findings:
        _out.print(str(finding), markup=False)
    if mappings is None or findings:
        _out.print(f"mistakes: {len(findings)}, in {len(texts)} files", markup=False)
        raise typer.Exit(1)
    for line in _summary(load_order(mappings), dependencies(mappings)):
        _out.print(line, markup=False)


def _summary(order: Sequence[str], depends: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return a line for each link type, in the order of a first load."""
    lines = [f"{name}: waits for {', '.join(depends[name]) or 'nothing'}" for name in order]
    return [*lines, f"{len(lines)} link types, no mistake"]

"""``anji reconcile``: both sides against the links; what differs, and what would mend it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from anji.homes import scratch_folder
from anji.installation import Installation
from anji.looking import Links
from anji.reading_again import read_again, taken_in
from anji.reconcile_tables import (
    counts_table,
    findings_table,
    repairs_words,
    write_csv,
    write_json,
)
from anji.repairing import repairs_of
from anji.running import file_to_write, person, run_on_runtime, table_console
from anji_common.refs import SYSTEMS
from anji_common.runtime import Runtime
from anji_mapper.findings import Finding
from anji_mapper.mapping.model import LinkType
from anji_mapper.reconcile import open_reconciling

__all__ = ["reconcile_app", "reconcile_records"]

reconcile_app = typer.Typer()

_out = table_console()
_progress = Console(stderr=True, highlight=False, markup=False)
_SHOWN = 50
_MAPPER_SECONDS = 30.0


@reconcile_app.command("reconcile")
def reconcile_records(  # noqa: PLR0913, PLR0917 - one parameter an option
    link_type: Annotated[str | None, typer.Argument(help="Only that link type.")] = None,
    fresh: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--fresh", help="Let the sources read every known record again first.")
    ] = False,
    patience: Annotated[
        float, typer.Option(min=1, help="With --fresh: seconds that a source may stand still.")
    ] = 300.0,
    sheet: Annotated[
        Path | None, typer.Option("--csv", callback=file_to_write, help="Write all to this file.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", callback=file_to_write, help="The same as JSON lines.")
    ] = None,
    repair: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--repair", help="Send what mends it; else it is only said.")
    ] = False,
    kept: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--kept", help="Also settle what is agreed to differ.")
    ] = False,
) -> None:
    """Compare both sides: matched, only on one side, differing fields, dangling, double links."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        types = {each.name: each for each in installation.types(link_type)}
        if fresh:
            sides = [(each, system) for each in types.values() for system in SYSTEMS]
            objects = [(system, each.side(system).object_name) for each, system in sides]
            _tell(f"{len(objects)} objects are read again; this takes as long as it takes")
            await read_again(runtime.broker, runtime.clock, objects, patience, _tell)
            within = min(patience, _MAPPER_SECONDS)
            if not await taken_in(runtime.broker, runtime.clock, objects, within):
                _tell("the mapper has not taken in all of it yet: that is told as under way")
        findings = await _found(installation, runtime, types)
        if sheet:
            write_csv(sheet, findings)
        if json:
            write_json(json, findings)
        async with Links.read(runtime.broker, installation.mappings) as links:
            repairs = repairs_of(findings, links, person(), runtime.clock, kept=kept)
        if repair:
            await runtime.broker.publish(repairs.messages)
        _out.print(repairs_words(repairs, sent=repair), markup=False)

    run_on_runtime(work)


def _tell(words: str) -> None:
    _progress.print(words)


async def _found(
    installation: Installation, runtime: Runtime, types: dict[str, LinkType]
) -> list[Finding]:
    with scratch_folder(installation.settings.home) as folder:
        async with open_reconciling(
            runtime.broker,
            installation.mappings,
            types,
            folder=folder,
            now=runtime.clock.now(),
        ) as reconciling:
            findings = list(reconciling.run())
            counts = (reconciling.matched, reconciling.under_way)
            _out.print(counts_table(types, findings, *counts))
    if findings:
        _out.print(findings_table(findings[:_SHOWN], types))
    if len(findings) > _SHOWN:
        _out.print(f"and {len(findings) - _SHOWN} more: --csv or --json writes all")
    return findings

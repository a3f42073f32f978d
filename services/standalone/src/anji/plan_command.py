"""``anji plan`` and ``anji apply``: what another mapping does, shown first, then done just so."""

import re
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from anji.applying import Standing, open_applying
from anji.homes import scratch_folder
from anji.installation import Installation
from anji.plan_tables import plan_tables
from anji.running import file_to_write, run_on_runtime, table_console
from anji_common.runtime import Runtime
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import Mappings
from anji_mapper.planning import planner
from anji_mapper.plans import PlanFile, PlanHeader, PlanWriter
from anji_mapper.starts import Start

__all__ = ["apply_plan", "make_plan", "plan_app"]

plan_app = typer.Typer()

_out = table_console()
_SPAN = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@plan_app.command("plan")
def make_plan(
    mapping: Annotated[
        Path | None, typer.Option(help="Folder of the mapping to come; the running one if none.")
    ] = None,
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, 45m.")] = "30d",
    from_offset: Annotated[
        int | None, typer.Option(min=0, help="Instead: from this offset of every partition.")
    ] = None,
    full: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--full", help="Instead: everything that is retained.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            callback=file_to_write, help="Where the plan goes; by gzip if it ends in .gz."
        ),
    ] = None,
) -> None:
    """Show what another mapping does to the links, and write it down; nothing is sent."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        now = runtime.clock.now()
        start = _start(now, since, from_offset, full=full)
        path = out or Path(f"plan-{now:%Y%m%dT%H%M%SZ}.jsonl.gz")
        new = load_mappings(mapping, installation.mapping_settings) if mapping else None
        await _plan(installation, runtime, new or installation.mappings, start, path)

    run_on_runtime(work)


async def _plan(
    installation: Installation, runtime: Runtime, new: Mappings, start: Start, path: Path
) -> None:
    now = runtime.clock.now()
    versions = {found.name: found.version for found in new.types}
    header = PlanHeader(f"{now:%Y%m%dT%H%M%S.%fZ}", now, str(start), versions)
    with ExitStack() as opened:
        folder = opened.enter_context(scratch_folder(installation.settings.home))
        old = installation.mappings
        async with planner(runtime.broker, old, new, start, folder=folder, now=now) as found:
            with PlanWriter.open(path, header) as writer:
                for link in found.run():
                    writer.add(link)
            for each in plan_tables(found.tally):
                _out.print(each)
    if not writer.links:
        _out.print("nothing is planned: with these mappings every link stays as it is")
    _out.print(f"{path}: {writer.links} links; nothing was sent. anji apply {path}")


@plan_app.command("apply")
def apply_plan(
    plan: Annotated[Path, typer.Argument(help="A file that anji plan wrote.")],
    apply: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--apply", help="Do it; without this it is only said.")
    ] = False,
) -> None:
    """Send exactly what a plan says; links that have moved since are left as they are."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        found = PlanFile(plan)
        async with open_applying(
            found, installation.mappings, runtime.broker, runtime.clock, installation.settings.home
        ) as applying:
            counts = await applying.run(sends=apply)
        for standing in Standing:
            _out.print(f"{standing}: {counts[standing]}")
        if applying.moved:
            _out.print(f"moved since, such as {', '.join(applying.moved)}")
        how = "told; run this again to see how they stand" if apply else "would be told; --apply"
        _out.print(f"{counts[Standing.READY]} of {found.links} links {how}")

    run_on_runtime(work)


def _start(now: datetime, since: str, offset: int | None, *, full: bool) -> Start:
    if full:
        return Start()
    if offset is not None:
        return Start(offset=offset)
    matched = _SPAN.fullmatch(since)
    if matched is None:
        msg = f"--since {since}: say a number and d, h or m, such as 30d"
        raise typer.BadParameter(msg)
    return Start(since=now - timedelta(**{_UNITS[matched[2]]: int(matched[1])}))

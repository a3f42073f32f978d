"""``anji rebuild``: make the links anew when their topic is lost, writing nothing to a vendor.

On Kafka the sources and writers run elsewhere, and go on running; only the mapper must stop.
On the embedded broker nothing runs, or all but the mapper: what does not run is run here.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any

import typer
from rich.console import Console

from anji.claims import claim
from anji.installation import Installation
from anji.running import run_command, table_console
from anji.services import open_services
from anji.supervise import supervise
from anji.tables import rebuild_table
from anji_common.errors import ConfigurationError
from anji_common.health import Health
from anji_common.runtime import Runtime
from anji_mapper.replay import Rebuild, TypeReport

__all__ = ["rebuild_app", "rebuild_links"]

rebuild_app = typer.Typer()

_out = table_console()
_progress = Console(stderr=True, highlight=False, markup=False)

_READ_AND_WRITE = ("fxiaoke-source", "fxiaoke-writer", "k3cloud-source", "k3cloud-writer")
_MOST_DOUBTS = 20


@rebuild_app.command(name="rebuild")
def rebuild_links(
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; without this it is only said.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where links stand: they are forgotten.")
    ] = False,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds that writers and sources may take.")
    ] = 600.0,
) -> None:
    """Make the links anew from the topics, when they are lost; nothing is written to a vendor."""

    async def work(installation: Installation) -> None:
        async with AsyncExitStack() as opened:
            free = _claimed(installation, opened) if apply else ()
            runtime = await opened.enter_async_context(installation.runtime(makes=apply))
            rebuild = Rebuild(
                installation.mappings, runtime, patience_seconds=patience, on_progress=_tell
            )
            if not apply:
                reports = await rebuild.look()
            else:
                await runtime.broker.declare(installation.topics)
                rebuilding = rebuild.apply(replaces=replace)
                reports = await _beside(installation, runtime, free, rebuilding)
            _print(reports, is_done=apply)

    run_command(work)


def _claimed(installation: Installation, opened: AsyncExitStack) -> Sequence[str]:
    """Claim the mapper, and return which of the other services are to be run here.

    Raises:
        ConfigurationError: the mapper is running.
    """
    settings = installation.settings
    if settings.broker != "embedded":
        return ()
    opened.enter_context(claim(settings.home, ["mapper"]))
    free = []
    for name in _READ_AND_WRITE:
        try:
            opened.enter_context(claim(settings.home, [name]))
        except ConfigurationError:
            continue  # another process runs it already, which is as good
        free.append(name)
    return free


async def _beside(
    installation: Installation,
    runtime: Runtime,
    names: Sequence[str],
    rebuilding: Coroutine[Any, Any, list[TypeReport]],
) -> list[TypeReport]:
    """Run services until the rebuild is done; one that ends for good ends it as well."""
    async with open_services(installation, runtime, names) as services:
        running = supervise(services, clock=runtime.clock, chance=runtime.chance, health=Health())
        serving = asyncio.create_task(running)
        work = asyncio.create_task(rebuilding)
        both = {work, serving} if names else {work}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await serving
            return await work
        finally:
            for task in (work, serving):
                task.cancel()
            await asyncio.gather(work, serving, return_exceptions=True)


def _tell(what: str, count: int) -> None:
    _progress.print(f"{what}: {count}" if count else what)


def _print(reports: Sequence[TypeReport], *, is_done: bool) -> None:
    _out.print(rebuild_table(reports))
    doubts = [doubt for report in reports for doubt in report.found.doubts]
    for doubt in doubts[:_MOST_DOUBTS]:
        _out.print(f"doubtful: {doubt.ref}: {doubt.reason}")
    if len(doubts) > _MOST_DOUBTS:
        _out.print(f"doubtful: {len(doubts) - _MOST_DOUBTS} more")
    rebuilt = sum(report.rebuilt for report in reports)
    how = "rebuilt; start the mapper" if is_done else "would be rebuilt; --apply does it"
    _out.print(f"{rebuilt} links {how}")

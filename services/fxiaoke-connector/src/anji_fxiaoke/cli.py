"""``anji fxiaoke``: look at the tenant. Parses, calls one function, prints.

The command knows neither environment nor mappings: whoever mounts it opens the room.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from anji_common.budget import BEIJING
from anji_common.events.signals import SignalKind
from anji_common.interest import Interest
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ASKABLE, ask_source
from anji_common.transport import Transport
from anji_fxiaoke.checking import check
from anji_fxiaoke.client import Client
from anji_fxiaoke.described import ObjectDescription, ObjectName
from anji_fxiaoke.metadata import Metadata
from anji_fxiaoke.metering import DayOfCalls, days_of_calls
from anji_fxiaoke.settings import FxiaokeSettings

__all__ = ["Opened", "Room", "fxiaoke_app"]

_WIDTH_OF_A_PIPE = 400


@dataclass(frozen=True, slots=True)
class Room:
    """What the commands work with."""

    settings: FxiaokeSettings
    interest: Interest
    client: Client
    metadata: Metadata
    runtime: Callable[[], AbstractAsyncContextManager[Runtime]]
    """Opens the installation's broker; a tenant can be looked at where there is none."""
    callback: Transport | None
    """Leads to the host of the callback's public address, where one is set."""


Opened = Callable[[], AbstractAsyncContextManager[Room]]
"""Opens a room for as long as one command lasts."""


def fxiaoke_app(opened: Opened) -> typer.Typer:
    """Return the sub-commands, which work in the room that `opened` opens."""
    app = typer.Typer(name="fxiaoke", help="Look at the CRM's tenant.", no_args_is_help=True)

    @app.command()
    def objects() -> None:
        """List the tenant's objects."""
        asyncio.run(_objects(opened))

    @app.command()
    def describe(
        object_name: Annotated[str, typer.Argument(metavar="OBJECT", help="Such as AccountObj.")],
    ) -> None:
        """Show an object's fields: type, whether required, what it points to, its options."""
        asyncio.run(_describe(opened, object_name))

    @app.command("check")
    def check_() -> None:
        """Say whether credentials, calls, permissions, mapped fields and callback are well."""
        if not asyncio.run(_check(opened)):
            raise typer.Exit(1)

    @app.command()
    def calls(
        days: Annotated[int, typer.Option(min=1, max=30, help="How far back.")] = 1,
    ) -> None:
        """Show the calls of each day by object and purpose, and what a record costs."""
        asyncio.run(_calls(opened, days))

    for kind, words in ASKABLE.items():
        app.command(kind.value, help=words)(_signaller(opened, kind))
    return app


def _signaller(opened: Opened, kind: SignalKind) -> Callable[[str], None]:
    """Return the command that asks the source of one object for something."""

    def command(
        object_name: Annotated[str, typer.Argument(metavar="OBJECT", help="Such as AccountObj.")],
    ) -> None:
        asyncio.run(_signal(opened, kind, object_name))

    return command


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE)


async def _objects(opened: Opened) -> None:
    async with opened() as room:
        _console().print(_objects_table(await room.metadata.objects()))


async def _describe(opened: Opened, object_name: str) -> None:
    async with opened() as room:
        _console().print(_fields_table(await room.metadata.describe(object_name)))


async def _signal(opened: Opened, kind: SignalKind, object_name: str) -> None:
    async with opened() as room, room.runtime() as runtime:
        await ask_source(runtime, room.interest, kind, object_name)
        _console().print(f"the source of {object_name} is asked: {kind.value}")


async def _calls(opened: Opened, days: int) -> None:
    async with opened() as room, room.runtime() as runtime:
        now = runtime.clock.now().astimezone(BEIJING)
        first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
        found = await days_of_calls(runtime, first)
        out = _console()
        for day, made in sorted(found.items()):
            out.print(_calls_table(day, made, room.settings.calls_per_day))
        if not found:
            out.print("no calls were told in that time")


async def _check(opened: Opened) -> bool:
    out, is_well = _console(), True
    async with opened() as room:
        found = check(room.client, room.metadata, room.interest, room.settings, room.callback)
        async for line in found:
            is_well = is_well and line.is_well
            word = "[green]ok[/]   " if line.is_well else "[red]to do[/]"
            word = word if line.is_known else "[yellow]later[/]"
            out.print(f"{word} {line.subject}: ", end="")
            out.print(line.words, markup=False, highlight=False)
    return is_well


def _objects_table(found: list[ObjectName]) -> Table:
    table = Table("object", "label", "kind", "active", box=None, pad_edge=False)
    for each in sorted(found, key=lambda one: one.object_name):
        kind = "custom" if each.is_custom else "preset"
        table.add_row(each.object_name, each.label, kind, "yes" if each.is_active else "no")
    return table


def _fields_table(found: ObjectDescription) -> Table:
    columns = ("field", "label", "type", "required", "points to", "options")
    table = Table(*columns, box=None, pad_edge=False, title=f"{found.object_name} {found.label}")
    for path, each in sorted(found.fields.items()):
        options = ", ".join(f"{value}={label}" for value, label in each.options.items())
        required = "yes" if each.is_required else ""
        table.add_row(path, each.label, each.type, required, each.target, options)
    return table


def _calls_table(day: str, made: DayOfCalls, most: int | None) -> Table:
    total = made.calls.total()
    share = "" if most is None else f" of {most}"
    table = Table(
        "object",
        "purpose",
        "calls",
        box=None,
        pad_edge=False,
        title=f"{day}: {total} calls{share}",
    )
    for (object_name, purpose), count in sorted(made.calls.items()):
        table.add_row(object_name or "-", purpose, str(count))
    for object_name, records in sorted(made.records.items()):
        spent = sum(count for (name, _), count in made.calls.items() if name == object_name)
        words = f"{records} records, {spent / max(records, 1):.3f} calls a record"
        table.add_row(object_name, words, "")
    return table

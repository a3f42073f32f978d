"""``anji k3cloud``: look at the account set. Parses, calls one function, prints.

The command knows neither environment nor mappings: whoever mounts it opens the room.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from anji_common.errors import RejectedError
from anji_common.events.signals import SignalKind
from anji_common.interest import Interest
from anji_common.runtime import Runtime
from anji_common.sourcing.signalling import ASKABLE, ask_source
from anji_k3cloud.catalogue import KNOWN_FORMS
from anji_k3cloud.checking import check
from anji_k3cloud.described import EntryInfo, FieldInfo, FormInfo
from anji_k3cloud.objects import entry_id_key, entry_seq_key
from anji_k3cloud.service import Connection

__all__ = ["Opened", "Room", "k3cloud_app"]

_WIDTH_OF_A_PIPE = 400


@dataclass(frozen=True, slots=True)
class Room:
    """What the commands work with."""

    erp: Connection
    interest: Interest
    runtime: Callable[[], AbstractAsyncContextManager[Runtime]]
    """Opens the installation's broker."""


Opened = Callable[[], AbstractAsyncContextManager[Room]]
"""Opens a room for as long as one command lasts."""


def k3cloud_app(opened: Opened) -> typer.Typer:
    """Return the sub-commands, which work in the room that `opened` opens."""
    app = typer.Typer(name="k3cloud", help="Look at the ERP's account set.", no_args_is_help=True)

    @app.command()
    def forms() -> None:
        """List the forms that Anji knows and those that the mappings name."""
        asyncio.run(_forms(opened))

    @app.command()
    def describe(
        form_id: Annotated[str, typer.Argument(metavar="FORM", help="Such as SAL_SaleOrder.")],
    ) -> None:
        """Show a form's fields: type, whether required, and the key that a query may use."""
        asyncio.run(_describe(opened, form_id))

    @app.command("check")
    def check_() -> None:
        """Say whether login, licence, user, organisations, forms and fields are well."""
        if not asyncio.run(_check(opened)):
            raise typer.Exit(1)

    for kind, words in ASKABLE.items():
        app.command(kind.value, help=words)(_signaller(opened, kind))
    return app


def _signaller(opened: Opened, kind: SignalKind) -> Callable[[str], None]:
    """Return the command that asks the source of one form for something."""

    def command(
        form_id: Annotated[str, typer.Argument(metavar="FORM", help="Such as SAL_SaleOrder.")],
    ) -> None:
        asyncio.run(_signal(opened, kind, form_id))

    return command


async def _signal(opened: Opened, kind: SignalKind, form_id: str) -> None:
    async with opened() as room, room.runtime() as runtime:
        await ask_source(runtime, room.interest, kind, form_id)
        _console().print(f"the source of {form_id} is asked: {kind.value}")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE)


async def _forms(opened: Opened) -> None:
    columns = ("form", "name", "key", "number", "entries", "mapped", "on this site")
    table = Table(*columns, box=None, pad_edge=False)
    async with opened() as room:
        mapped = {each.object_name: each for each in room.interest.objects}
        known = {each.form_id: each for each in KNOWN_FORMS}
        for form_id in sorted({*mapped, *known}):
            shape, interest = known.get(form_id), mapped.get(form_id)
            key = interest.id_field if interest else shape.id_field if shape else ""
            if interest is None and shape is not None and not shape.is_confirmed:
                key += " (not confirmed)"
            number = interest.number_field if interest else shape.number_field if shape else ""
            entries = [lines.path for lines in interest.lines] if interest else []
            entries = entries or (list(shape.entries) if shape else [])
            table.add_row(
                form_id,
                shape.title if shape else "",
                key,
                number,
                ", ".join(entries),
                "yes" if interest else "",
                await _there(room, form_id),
            )
    _console().print(table)


async def _there(room: Room, form_id: str) -> str:
    """Return how much of a form the site describes, or why it does not."""
    try:
        info = await room.erp.metadata.describe(form_id)
    except RejectedError as error:
        return f"no: {error}"
    fields = sum(len(entry.fields) for entry in info.entries)
    return f"{fields} fields in {len(info.entries)} entities"


async def _describe(opened: Opened, form_id: str) -> None:
    async with opened() as room:
        info = await room.erp.metadata.describe(form_id)
    _console().print(_fields_table(info))


async def _check(opened: Opened) -> bool:
    out, is_well = _console(), True
    async with opened() as room:
        async for line in check(room.erp, room.interest):
            is_well = is_well and line.is_well
            word = "[green]ok[/]   " if line.is_well else "[red]to do[/]"
            out.print(f"{word} {line.subject}: ", end="")
            out.print(line.words, markup=False, highlight=False)
    return is_well


def _fields_table(info: FormInfo) -> Table:
    title = f"{info.form_id} {info.name}"
    if info.id_field:
        title += f", key {info.id_field}"
    columns = ("entity", "field", "name", "type", "required", "points to", "query keys")
    table = Table(*columns, box=None, pad_edge=False, title=title)
    for entry in info.entries:
        for key in _row_keys(info, entry):
            table.add_row(entry.key, key, "", "", "", "", key)
        for field in entry.fields:
            required = "yes" if field.is_must else ""
            keys = ", ".join(_query_keys(field))
            values = (field.key, field.name, field.kind, required, field.refers_to, keys)
            table.add_row(entry.key, *values)
    if info.operations:
        table.caption = f"operations: {', '.join(info.operations)}"
    return table


def _row_keys(info: FormInfo, entry: EntryInfo) -> Iterator[str]:
    """Give the keys of an entry row's id and place, which no description lists."""
    if entry is not info.entries[0]:
        yield entry_id_key(entry.key)
        yield entry_seq_key(entry.key)


def _query_keys(field: FieldInfo) -> Iterator[str]:
    yield field.key
    if field.refers_to:
        yield f"{field.key}.FNumber"
        yield f"{field.key}.FName"

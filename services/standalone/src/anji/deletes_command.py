"""``anji deletes``: what is gone, and waits for a person before anything comes of it."""

from collections.abc import Sequence
from typing import Annotated

import typer

from anji.deletes import Delete, answer, waiting_deletes
from anji.installation import Installation
from anji.looking import Links
from anji.running import person, run_on_runtime, table_console
from anji.tables import make_table
from anji_common.errors import RejectedError
from anji_common.runtime import Runtime

__all__ = ["approve_deletes", "deletes_app", "list_deletes", "refuse_deletes"]

deletes_app = typer.Typer(
    help="Deletes that wait for a person.",
    epilog="Such as: anji deletes list · anji deletes approve AccountObj --apply · anji deletes"
    " refuse fxiaoke/AccountObj/65f0 --apply.",
    no_args_is_help=True,
)

_out = table_console()
_Names = Annotated[list[str], typer.Argument(help="As listed: AccountObj, or a link's ref.")]
_Apply = Annotated[bool, typer.Option("--apply", help="Do it; without this it is only said.")]


@deletes_app.command("list")
def list_deletes() -> None:
    """List the deletes that wait: held by a source, or asked about by a mapping."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as links:
            found = await waiting_deletes(runtime.broker, installation.mappings, links)
        table = make_table("name", "what waits")
        for each in found:
            table.add_row(each.name, each.words)
        _out.print(table if found else "no delete waits for a person")

    run_on_runtime(work)


@deletes_app.command("approve")
def approve_deletes(names: _Names, apply: _Apply = False) -> None:  # noqa: FBT002 - typer's way to declare a flag
    """Let deletes be: records are gone, and what the mapping says of that is done."""
    _answer(names, approves=True, applies=apply)


@deletes_app.command("refuse")
def refuse_deletes(names: _Names, apply: _Apply = False) -> None:  # noqa: FBT002 - typer's way to declare a flag
    """Let nothing come of deletes: a source looks again, a link leaves its other record alone."""
    _answer(names, approves=False, applies=apply)


def _answer(names: Sequence[str], *, approves: bool, applies: bool) -> None:
    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as links:
            waiting = await waiting_deletes(runtime.broker, installation.mappings, links)
        chosen = _chosen(waiting, names)
        messages = [answer(each, person(), runtime.clock, approves=approves) for each in chosen]
        if applies:
            await runtime.broker.publish(messages)
        word = "approved" if approves else "refused"
        how = f"is {word}" if applies else f"would be {word}; --apply does it"
        for each in chosen:
            _out.print(f"{each.name}: {each.words}; {how}")

    run_on_runtime(work)


def _chosen(waiting: Sequence[Delete], names: Sequence[str]) -> list[Delete]:
    """Return the deletes of those names; raises RejectedError where one does not wait."""
    missing = sorted(set(names) - {each.name for each in waiting})
    if missing:
        msg = f"no delete of {', '.join(missing)} waits; anji deletes list shows those that do"
        raise RejectedError(msg)
    return [each for each in waiting if each.name in names]

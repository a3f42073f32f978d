"""``anji problems``: what keeps links from moving, by cause, and what a person does about it."""

import getpass
from enum import StrEnum
from typing import Annotated

import typer

from anji.installation import Installation
from anji.looking import Links, decision, retries
from anji.running import run_on_runtime, table_console
from anji.tables import problems_table
from anji_common.errors import RejectedError
from anji_common.refs import System
from anji_common.runtime import Runtime

__all__ = ["decide_problem", "list_problems", "problems_app", "retry_problems"]

problems_app = typer.Typer(help="What keeps links from moving.", no_args_is_help=True)

_out = table_console()


class _Side(StrEnum):
    CRM = "crm"
    ERP = "erp"


_SYSTEMS = {_Side.CRM: System.FXIAOKE, _Side.ERP: System.K3CLOUD}


@problems_app.command("list")
def list_problems() -> None:
    """List what keeps links from moving, by cause."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            causes = found.causes()
            _out.print(problems_table(causes) if causes else "no link has a problem")

    run_on_runtime(work)


@problems_app.command("retry")
def retry_problems(
    keys: Annotated[list[str] | None, typer.Argument(help="Refs or numbers.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All links with a problem.")] = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """Try again what keeps links from moving."""
    if not (keys or every):
        raise typer.BadParameter("name links, or say --all")  # noqa: EM101, TRY003 - typer's own form

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            stuck = [seat for cause in found.causes() for seat in cause.seats]
            wanted = {home.key for key in keys or () if (home := found.one(key)) is not None}
            chosen = [seat for seat in stuck if every or seat.key in wanted]
            entries = retries(chosen, getpass.getuser(), runtime.clock)
            await runtime.broker.publish([entry.to_message() for entry in entries])
            _out.print(f"{len(entries)} of {len(stuck)} links with a problem are tried again")

    run_on_runtime(work)


@problems_app.command("decide")
def decide_problem(
    key: Annotated[str, typer.Argument(help="Ref or number of either record.")],
    field: Annotated[str, typer.Argument(help="The field asked about, by either path.")],
    side: Annotated[_Side, typer.Argument(help="Whose value stays.")],
) -> None:
    """Answer a question: both sides changed a field whose mapping says ``conflict: ask``."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            seat = found.one(key)
            if seat is None:
                msg = f"no link of {key}"
                raise RejectedError(msg)
            entry = decision(seat, field, _SYSTEMS[side], getpass.getuser(), runtime.clock)
            await runtime.broker.publish([entry.to_message()])
            _out.print(f"{seat.key}: the value of the {side.upper()} stays in {field}")

    run_on_runtime(work)

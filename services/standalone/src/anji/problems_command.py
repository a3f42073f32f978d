"""``anji problems``: what keeps links from moving, by cause, and what a person does about it."""

from enum import StrEnum
from typing import Annotated

import typer

from anji.installation import Installation
from anji.looking import Links, asked_key, decision, edit, retries
from anji.revealing import revealed
from anji.running import person, run_on_runtime, table_console
from anji.tables import link_table, problems_table, revealed_table
from anji_common.errors import RejectedError
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_mapper.link.questions import question_words
from anji_mapper.link.state import Seat
from anji_mapper.mapping.model import LinkType

__all__ = [
    "decide_problem",
    "edit_problem",
    "list_problems",
    "problems_app",
    "retry_problems",
    "show_problem",
]

problems_app = typer.Typer(
    help="What keeps links from moving.",
    epilog="Such as: anji problems show C-1 · anji problems retry --cause 'is not audited' --apply"
    " · anji problems edit C-1 FTEL 12345 --apply · anji problems decide C-1 tel crm --apply."
    " KEY is the ref of either record, or its number.",
    no_args_is_help=True,
)

_out = table_console()
_SHOWN_LINKS = 20


class _Side(StrEnum):
    CRM = "crm"
    ERP = "erp"


_Apply = Annotated[bool, typer.Option("--apply", help="Do it; without this it is only said.")]
_NAMES = {System.FXIAOKE: "CRM", System.K3CLOUD: "ERP", None: "record"}
_SYSTEMS = {_Side.CRM: System.FXIAOKE, _Side.ERP: System.K3CLOUD}


@problems_app.command("list")
def list_problems() -> None:
    """List what keeps links from moving, by cause."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            causes = found.causes()
            _out.print(problems_table(causes) if causes else "no link has a problem")

    run_on_runtime(work)


@problems_app.command("show")
def show_problem(
    key: Annotated[str, typer.Argument(help="Ref or number of either record.")],
    reveal: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool,
        typer.Option("--reveal", help="Also what personal fields say; a notice keeps who looked."),
    ] = False,
) -> None:
    """Show one link and why it does not move; personal values only with --reveal."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            seat = _one(found, key)
            if not reveal:
                _out.print(link_table(found.masked(seat)))
                return
            link_type = _type_of(installation, seat)
            shown = await revealed(runtime.broker, runtime.clock, seat, link_type, person())
            _out.print(link_table(seat))
            _out.print(revealed_table(shown))

    run_on_runtime(work)


@problems_app.command("retry")
def retry_problems(
    keys: Annotated[list[str] | None, typer.Argument(help="Refs or numbers.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All links with a problem.")] = False,  # noqa: FBT002 - typer's way to declare a flag
    cause: Annotated[str | None, typer.Option(help="Those whose words contain this.")] = None,
    apply: _Apply = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """Try again what keeps links from moving; says which by default."""
    if not (keys or every or cause):
        raise typer.BadParameter("name links, or a --cause, or say --all")  # noqa: EM101, TRY003 - typer's own form

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            stuck = found.stuck()
            named = [_one(found, key) for key in keys or ()]
            chosen = stuck if every else found.chosen(named, cause)
            entries = retries(chosen, person(), runtime.clock)
            if apply:
                await runtime.broker.publish([entry.to_message() for entry in entries])
            for entry in entries[:_SHOWN_LINKS]:
                _out.print(str(entry.to))
            if len(entries) > _SHOWN_LINKS:
                _out.print(f"and {len(entries) - _SHOWN_LINKS} more")
            how = "are tried again" if apply else "would be tried again; --apply does it"
            _out.print(f"{len(entries)} of {len(stuck)} links with a problem {how}")

    run_on_runtime(work)


@problems_app.command("edit")
def edit_problem(
    key: Annotated[str, typer.Argument(help="Ref or number of either record.")],
    field: Annotated[str, typer.Argument(help="The field, by its path where it is written.")],
    value: Annotated[str, typer.Argument(help='The value there; "" for none.')],
    apply: _Apply = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """Try a problem again with another value in one field; who wrote what is kept as a notice."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            seat = _one(found, key)
            link_type = _type_of(installation, seat)
            entry = edit(seat, link_type, field, value or None, person(), runtime.clock)
            if apply:
                await runtime.broker.publish([entry.to_message()])
            how = (
                "is handed to the link, which writes it"
                if apply
                else "would be written; --apply does it"
            )
            _out.print(
                f"{seat.key}: {value!r} in {field} of the {_NAMES[entry.target]} {how}",
                markup=False,
            )

    run_on_runtime(work)


@problems_app.command("decide")
def decide_problem(
    key: Annotated[str, typer.Argument(help="Ref or number of either record.")],
    field: Annotated[str, typer.Argument(help="What is asked about, as the problem names it.")],
    side: Annotated[_Side, typer.Argument(help="Whose value or state holds.")],
    apply: _Apply = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """Answer a question: a field that both sides changed, a state, a removed line (is:void)."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        async with Links.read(runtime.broker, installation.mappings) as found:
            seat = _one(found, key)
            entry = decision(seat, field, _SYSTEMS[side], person(), runtime.clock)
            if apply:
                await runtime.broker.publish([entry.to_message()])
            how = "holds" if apply else "would hold; --apply decides it"
            _out.print(f"{seat.key}: what the {side.upper()} says of {field} {how}")
            words = question_words(asked_key(seat, field), seat.asked[asked_key(seat, field)])
            shown = found.discreet(seat, words)
            _out.print(f"asked: {shown}")
            if shown != words:
                _out.print(f"the values: anji problems show {seat.key} --reveal")

    run_on_runtime(work)


def _type_of(installation: Installation, seat: Seat) -> LinkType:
    link_type = installation.mappings.named(seat.link_type)
    if link_type is None:
        msg = f"{seat.key}: no mapping of {seat.link_type} is used"
        raise RejectedError(msg)
    return link_type


def _one(links: Links, key: str) -> Seat:
    seat = links.one(key)
    if seat is None:
        msg = f"no link of {key}: say a ref (fxiaoke/AccountObj/65f0…) or a number; see anji links"
        raise RejectedError(msg)
    return seat

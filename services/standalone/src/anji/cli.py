"""The `anji` command: parses, calls one function, prints.

Exit codes: 78 for a setting that is missing or wrong, 76 for a service that a command waits for in
vain, 75 for an end that cut off work in hand, 70 for what no restart can mend, 69 for a
broker or vendor that does not answer, 2 for words that are no command, 1 for any other "no".
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from anji.check_command import check_app
from anji.deadletters_command import deadletters_app
from anji.deletes_command import deletes_app
from anji.demo_command import demo_app
from anji.fxiaoke_command import fxiaoke_commands
from anji.installation import Installation
from anji.k3cloud_command import k3cloud_commands
from anji.lagging import lag_of
from anji.looking import Links
from anji.mapping_command import mapping_app
from anji.match_command import match_app
from anji.plan_command import plan_app
from anji.problems_command import problems_app
from anji.rebuild_command import rebuild_app
from anji.reconcile_command import reconcile_app
from anji.running import run_command, table_console
from anji.sandboxes import callback_url, free_port, print_settings
from anji.services import SERVICE_NAMES
from anji.simulate_command import simulate_app
from anji.tables import lag_table, link_table, links_table, topics_table
from anji.topics import sizes_of
from anji.up import run_until_drained, until_told
from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    ConfigurationError,
    CutOffError,
    FatalError,
    NoRoomError,
    RetriableError,
    ServiceSilentError,
)
from anji_common.logs import configure_logs
from anji_common.settings import EX_CONFIG
from anji_sandbox.cli import run_sandboxes

__all__ = [
    "app",
    "links",
    "main",
    "run",
    "sandbox",
    "topics_create",
    "topics_lag",
    "topics_list",
    "up",
]

_EX_UNAVAILABLE = 69
_EX_SOFTWARE = 70
_EX_TEMPFAIL = 75
_EX_SILENT = 76

_EXIT_CODES = (
    "Exit codes: 0 well; 1 a 'no', with its reason; 2 words that are no command; 69 a broker or "
    "vendor that does not answer; 70 what no restart can mend; 75 work in hand was cut off; 76 a "
    "service that was waited for in vain; 78 a setting or mapping that is missing or wrong."
)

app = typer.Typer(
    name="anji",
    help="Keeps a Fxiaoke CRM and a Kingdee K3Cloud ERP in step, both ways.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_topics = typer.Typer(help="The topics of this installation.", no_args_is_help=True)
app.add_typer(problems_app, name="problems")
app.add_typer(_topics, name="topics")
app.add_typer(fxiaoke_commands)
app.add_typer(deadletters_app, name="deadletters")
app.add_typer(mapping_app, name="mapping")
app.add_typer(k3cloud_commands)
app.add_typer(demo_app)
app.add_typer(simulate_app)
app.add_typer(deletes_app, name="deletes")
app.add_typer(check_app)
app.add_typer(plan_app)
app.add_typer(match_app)
app.add_typer(reconcile_app)
app.add_typer(rebuild_app)

_out = table_console()


def main() -> None:
    """Run the command that was typed, and end the process with its exit code."""
    try:
        app()
    except (ConfigurationError, AuthenticationError) as error:
        _end(error, EX_CONFIG)
    except FatalError as error:
        _end(error, _EX_SOFTWARE)
    except CutOffError as error:
        _end(error, _EX_TEMPFAIL)
    except ServiceSilentError as error:
        _end(error, _EX_SILENT)
    except (RetriableError, NoRoomError) as error:
        _end(error, _EX_UNAVAILABLE)
    except AnjiError as error:
        _end(error, 1)


def _end(error: AnjiError, code: int) -> None:
    for line in str(error).splitlines() or [type(error).__name__]:
        sys.stderr.write(f"anji: {line}\n")
    sys.exit(code)


@app.command()
def up() -> None:
    """Run all services in this process, until Ctrl-C."""
    run_command(run_until_drained)


@app.command()
def run(
    service: Annotated[list[str], typer.Argument(help=f"Of {', '.join(SERVICE_NAMES)}.")],
) -> None:
    """Run one service, or a few; for containers."""
    run_command(lambda installation: run_until_drained(installation, service))


@app.command()
def sandbox(  # noqa: PLR0913, PLR0917 - each is an option of the command
    fxiaoke_port: Annotated[int, typer.Option(help="Of the CRM; 0 takes a free one.")] = 0,
    k3cloud_port: Annotated[int, typer.Option(help="Of the ERP; 0 takes a free one.")] = 0,
    credentials_file: Annotated[
        Path, typer.Option(help="Where to write how to call both, as JSON.")
    ] = Path("sandbox.json"),
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps both companies over restarts.")
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(help="Decides ids, secrets and chance of a new company; at random without."),
    ] = None,
    objects: Annotated[
        Path | None, typer.Option(help="JSON of objects that the CRM has besides or otherwise.")
    ] = None,
) -> None:
    """Run a sandbox CRM and a sandbox ERP, and print the settings that reach them."""
    configure_logs()
    port = free_port()
    asyncio.run(
        until_told(
            run_sandboxes(
                fxiaoke_port,
                k3cloud_port,
                credentials_file,
                data=data,
                seed=seed,
                callback_url=callback_url(port),
                objects=objects,
                on_ready=lambda found: print_settings(
                    _out, found, file=credentials_file, callback_port=port, data=data
                ),
            )
        )
    )


@app.command()
def links(
    key: Annotated[str | None, typer.Argument(help="Ref or number of either record.")] = None,
    link_type: Annotated[str | None, typer.Option("--type", help="Only of that type.")] = None,
) -> None:
    """List the links, or show one."""

    async def work(installation: Installation) -> None:
        async with (
            installation.runtime(makes=False) as runtime,
            Links.read(runtime.broker, installation.mappings) as found,
        ):
            if link_type is not None:
                installation.types(link_type)  # one that is not there is no empty list
            if key is None:
                seats = [found.masked(seat) for seat in found.all(link_type)]
                _out.print(links_table(seats) if seats else "there is no link yet")
                return
            seat = found.one(key)
            if seat is None:
                sys.stderr.write(f"anji: no link of {key}: say a ref or a number, as anji links\n")
                raise typer.Exit(1)
            _out.print(link_table(found.masked(seat)))

    run_command(work)


@_topics.command("list")
def topics_list() -> None:
    """List the topics, what each keeps, and how many records it has."""

    async def work(installation: Installation) -> None:
        async with installation.runtime(makes=False) as runtime:
            sizes = await sizes_of(runtime.broker, installation.topics)
            _out.print(
                topics_table(installation.topics, sizes, installation.settings.topic_prefix)
            )

    run_command(work)


@_topics.command("create")
def topics_create() -> None:
    """Make the topics that do not exist, and compare those that do."""

    async def work(installation: Installation) -> None:
        async with installation.runtime(makes=True) as runtime:
            await runtime.broker.declare(installation.topics)
            _out.print(f"{len(installation.topics)} topics stand as they must be")

    run_command(work)


@_topics.command("lag")
def topics_lag() -> None:
    """Show how far each group is behind."""

    async def work(installation: Installation) -> None:
        async with installation.runtime(makes=False) as runtime:
            _out.print(lag_table(await lag_of(runtime.broker, installation)))

    run_command(work)

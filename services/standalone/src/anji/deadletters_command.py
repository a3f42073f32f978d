"""``anji deadletters``: list what nobody could read, show one, put some back."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from anji.installation import Installation
from anji.letter_tables import letter_text, letters_table
from anji.redriving import Letter, letters_of, redrive, redriven
from anji.running import person, run_on_runtime, table_console
from anji_common.errors import RejectedError
from anji_common.runtime import Runtime

__all__ = ["deadletters_app", "list_letters", "redrive_letters", "show_letter"]

deadletters_app = typer.Typer(
    help="Inputs that nobody could read, kept whole.", no_args_is_help=True
)

_out = Console(soft_wrap=True, highlight=False, markup=False)
_table = table_console()


@deadletters_app.command("list")
def list_letters(
    every: Annotated[bool, typer.Option("--all", help="Also those that were redriven.")] = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """List the dead letters that are open, oldest first."""

    async def work(_installation: Installation, runtime: Runtime) -> None:
        letters = await letters_of(runtime.broker)
        shown = letters if every else [each for each in letters if each.redriven_at is None]
        hidden = len(letters) - len(shown)
        words = f"{hidden} {'was' if hidden == 1 else 'were'} redriven, and --all lists "
        words += "it as well" if hidden == 1 else "them as well"
        if shown:
            _table.print(letters_table(shown))
            if hidden:
                _out.print(words)
        else:
            _out.print(f"no dead letter is open; {words}" if hidden else "there is no dead letter")

    run_on_runtime(work)


@deadletters_app.command("show")
def show_letter(
    name: Annotated[str, typer.Argument(help="Partition and offset, as listed: 3/17.")],
) -> None:
    """Show one dead letter whole: origin, reason, headers and value."""

    async def work(_installation: Installation, runtime: Runtime) -> None:
        (letter,) = _chosen(await letters_of(runtime.broker), [name], None)
        _out.print(letter_text(letter))

    run_on_runtime(work)


@deadletters_app.command("redrive")
def redrive_letters(
    names: Annotated[list[str] | None, typer.Argument(help="As listed: 3/17 5/2.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,  # noqa: FBT002 - typer's way to declare a flag
    topic: Annotated[str | None, typer.Option(help="Only those of this topic.")] = None,
    apply: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--apply", help="Do it; without this it is only said.")
    ] = False,
) -> None:
    """Put dead letters back, after their reader was mended; says what it would do by default."""
    if not (names or every):
        raise typer.BadParameter("name letters, or say --all")  # noqa: EM101, TRY003 - typer's own form

    async def work(installation: Installation, runtime: Runtime) -> None:
        letters = _chosen(await letters_of(runtime.broker), names or (), topic)
        if not names:
            letters = [each for each in letters if each.redriven_at is None]
        known = [found.name for found in installation.topics]
        now = runtime.clock.now()
        plans = [(letter, redrive(letter, known, now)) for letter in letters]
        for letter, plan in plans:
            _out.print(f"{letter.name}: {plan.words}")
        messages = [plan.message for _, plan in plans if plan.message is not None]
        if apply:
            await runtime.broker.publish(messages)
            put_back = [letter for letter, plan in plans if plan.message is not None]
            await runtime.broker.publish([redriven(each, person(), now) for each in put_back])
        how = "redriven" if apply else "would be redriven; --apply does it"
        _out.print(f"{len(messages)} of {len(plans)} {how}")

    run_on_runtime(work)


def _chosen(letters: Sequence[Letter], names: Sequence[str], topic: str | None) -> list[Letter]:
    """Return the letters of those names (all, if none is given) and that topic.

    Raises:
        RejectedError: one is not there.
    """
    missing = sorted(set(names) - {letter.name for letter in letters})
    if missing:
        msg = f"no dead letter {', '.join(missing)}; anji deadletters list shows those there are"
        raise RejectedError(msg)
    return [
        letter
        for letter in letters
        if (not names or letter.name in names) and topic in {None, letter.found.topic}
    ]

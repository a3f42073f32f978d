"""What commands of the line share: settings, logs, the broker, and where tables are printed."""

import asyncio
import getpass
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from anji.installation import Installation
from anji_common.logs import configure_logs
from anji_common.runtime import Runtime

__all__ = ["file_to_write", "person", "run_command", "run_on_runtime", "table_console"]

_WIDTH_OF_A_PIPE = 400
"""So that a ref stands on one line for whoever searches for it."""


def table_console() -> Console:
    """Return where tables go: as wide as the terminal, wide in a pipe.

    What stands in square brackets is a vendor's, and means nothing here.
    """
    return Console(
        width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE, markup=False, highlight=False
    )


def person() -> str:
    """Return who types: the name of the account, or its number where it has no name.

    In a container processes often run under a number that nobody has written down.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def file_to_write(path: Path | None) -> Path | None:
    """Return the path of an option that names a file to be written.

    What stands in that file is left as it is until there is something to write.

    Raises:
        typer.BadParameter: it cannot be made there; told before any work is done for it.
    """
    if path is not None and path.is_dir():
        msg = f"{path} is a folder"
        raise typer.BadParameter(msg)
    if path is not None and not path.absolute().parent.is_dir():
        msg = f"there is no folder {path.absolute().parent}"
        raise typer.BadParameter(msg)
    if path is not None:
        is_new = not path.exists()
        try:
            path.open("ab").close()
        except OSError as error:
            msg = f"{path} cannot be written: {error.strerror}"
            raise typer.BadParameter(msg) from error
        if is_new:
            path.unlink()
    return path


def run_command(work: Callable[[Installation], Coroutine[Any, Any, None]]) -> None:
    """Run `work` with the installation that the environment describes.

    Raises:
        ConfigurationError: a setting or a mapping is wrong.
    """
    installation = Installation.read(os.environ)  # noqa: TID251 - the outermost place, where they are read
    configure_logs(installation.settings.log_format, installation.settings.log_level)
    asyncio.run(work(installation))


def run_on_runtime(work: Callable[[Installation, Runtime], Coroutine[Any, Any, None]]) -> None:
    """Run `work` with an installation that exists, and its broker.

    Raises:
        ConfigurationError: a setting or a mapping is wrong, or there is no installation.
    """

    async def run(installation: Installation) -> None:
        async with installation.runtime(makes=False) as runtime:
            await work(installation, runtime)

    run_command(run)

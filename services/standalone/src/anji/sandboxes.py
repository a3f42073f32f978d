"""The sandboxes' credentials as settings of Anji, ready to paste."""

import secrets
import shlex
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

from rich.console import Console

from anji_fxiaoke.callback import CALLBACK_PATH
from anji_sandbox.cli import Credentials

__all__ = ["callback_url", "free_port", "print_settings", "settings_of"]

_OF_PEOPLE = ("person_", "admin_")
"""Keys for those who edit by hand or make faults: nothing of Anji's."""
_FIRST_PORT = 20_000
_PORTS = 10_000
"""Below what systems lend to outgoing calls (Linux from 32768): a port that is listened on some
seconds after it was chosen, or again after a restart, would now and then be lent meanwhile."""
_TRIES = 100


def settings_of(credentials: Credentials) -> Mapping[str, str]:
    """Return the settings that reach the systems of a credentials file, by their typed names."""
    return {
        f"ANJI_{system}_{key}".upper(): str(value)
        for system, keys in credentials.items()
        for key, value in keys.items()
        if not key.startswith(_OF_PEOPLE)
    }


def free_port() -> int:
    """Return a port of this machine that nobody listens on just now.

    Raises:
        OSError: none was found.
    """
    for _ in range(_TRIES):
        port = _FIRST_PORT + secrets.randbelow(_PORTS)
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    msg = f"{_TRIES} ports from {_FIRST_PORT} to {_FIRST_PORT + _PORTS - 1} were taken"
    raise OSError(msg)


def callback_url(port: int) -> str:
    """Return where the sandbox CRM posts its events if Anji listens on `port`."""
    return f"http://127.0.0.1:{port}{CALLBACK_PATH}"


def print_settings(
    console: Console,
    credentials: Credentials,
    *,
    file: Path,
    callback_port: int,
    data: Path | None,
) -> None:
    """Print the settings as shell commands, and where the rest is.

    A new company gets a new home: what Anji knows of an earlier one would not fit. It is made
    here, not where the lines are pasted: they are pasted into several terminals.
    """
    settings = {
        **settings_of(credentials),
        "ANJI_FXIAOKE_CALLBACK_PORT": str(callback_port),
        "ANJI_FXIAOKE_CALLBACK_URL": callback_url(callback_port),
    }
    for name, value in settings.items():
        console.print(f"export {name}={shlex.quote(value)}", highlight=False, soft_wrap=True)
    home = mkdtemp(prefix="anji-home-") if data is None else str(data.resolve() / "anji")
    console.print(f"export ANJI_HOME={shlex.quote(home)}", highlight=False, soft_wrap=True)
    console.print(f"# Both sandboxes run until Ctrl-C. The users for people are in {file}.")
    console.print("# Paste the lines above into each other terminal, then: anji up")
    for system, keys in credentials.items():
        page = urlsplit(str(keys["url"]))._replace(path="/").geturl()
        console.print(f"# {system}: {page} shows its records in a browser; they can be edited")
        console.print(f"# {system}: {keys['admin_url']}/_faults makes faults on demand")

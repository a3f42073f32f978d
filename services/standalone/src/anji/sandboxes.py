"""The sandboxes' credentials as settings of Anji, ready to paste."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from anji_sandbox.cli import Credentials

__all__ = ["print_settings", "settings_of"]

_OF_PEOPLE = "person_"
"""Keys of the users who edit by hand: nothing of Anji's."""


def settings_of(credentials: Credentials) -> Mapping[str, str]:
    """Return the settings that reach the systems of a credentials file, by their typed names."""
    return {
        f"ANJI_{system}_{key}".upper(): str(value)
        for system, keys in credentials.items()
        for key, value in keys.items()
        if not key.startswith(_OF_PEOPLE)
    }


def print_settings(console: Console, credentials: Credentials, file: Path) -> None:
    """Print the settings as shell commands, and where the rest is."""
    for name, value in settings_of(credentials).items():
        console.print(f"export {name}={shlex.quote(value)}", highlight=False, soft_wrap=True)
    console.print(f"# Both sandboxes run until Ctrl-C. The users for people are in {file}.")
    console.print("# Paste the lines above into another terminal, then: anji up")
    for system, keys in credentials.items():
        page = urlsplit(str(keys["url"]))._replace(path="/").geturl()
        console.print(f"# {system}: {page} shows its records in a browser")

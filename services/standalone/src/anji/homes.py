"""What is made under ``ANJI_HOME``: folders that stay, and copies that end with their command.

On Kafka whoever asks something often sits where nothing has run yet: what is missing is made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from anji_common.errors import ConfigurationError

__all__ = ["made_folder", "scratch_folder"]


def made_folder(home: Path, name: str = "") -> Path:
    """Return a folder under `home`, or `home` itself, made if it is missing.

    Raises:
        ConfigurationError: it cannot be made; the message says which and why.
    """
    folder = home / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """Yield a new folder under `home`, where there is room for copies; it ends with the context.

    Raises:
        ConfigurationError: it cannot be made.
    """
    made_folder(home)
    try:
        made = TemporaryDirectory(prefix="copy-", dir=home)
    except OSError as error:
        raise _unusable(home, error) from error
    with made as folder:
        yield Path(folder)


def _unusable(folder: Path, error: OSError) -> ConfigurationError:
    msg = (
        f"ANJI_HOME: {folder} cannot be made or written: {error.strerror or error}; "
        "set it to a folder that this account may write. Nothing was begun"
    )
    return ConfigurationError(msg)

"""One process a service: what already runs under a home is not started there again.

On the embedded broker nothing else would tell a person that an installation runs already; the
broker itself would share the work. The system lets go of the claim when the process ends,
however it ends.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from anji.homes import made_folder
from anji_common.errors import ConfigurationError

__all__ = ["claim"]


@contextmanager
def claim(home: Path, names: Sequence[str]) -> Iterator[None]:
    """Be the only process that runs `names` under `home`, as long as the context lasts.

    Raises:
        ConfigurationError: another process runs one of them, or `home` cannot be written.
    """
    folder = made_folder(home, "running")
    with ExitStack() as opened:
        for name in names:
            lock = opened.enter_context((folder / name).open("a"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                msg = f"ANJI_HOME: another process runs {name} under {home} already"
                raise ConfigurationError(msg) from error
        yield

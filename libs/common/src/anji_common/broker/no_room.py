"""Whether a file cannot be written because its disk, or our part of it, is full.

SQLite says FULL where the system says ENOSPC to a write; a quota (EDQUOT), a limit on the size of
files (EFBIG) and the growth of its shared memory it tells as errors of input and output. In each
case the transaction is undone and the file is whole: with room again everything goes on.
"""

import errno
import sqlite3

__all__ = ["has_no_room", "no_room_words"]

_SQLITE_CODES = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
}
_SYSTEM_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def has_no_room(error: Exception) -> bool:
    """Say whether what failed would succeed with room on the disk."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) in _SQLITE_CODES
    return isinstance(error, OSError) and error.errno in _SYSTEM_CODES


def no_room_words(what: object, error: Exception) -> str:
    """Return what to tell people about a file that cannot be written for want of room."""
    return (
        f"the disk is full: {what} cannot be written ({error}). Nothing is lost; make room, and "
        "it goes on by itself"
    )

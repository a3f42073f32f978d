"""Shadow mode (``protocol.md`` 23): a writer says what it would do."""

from collections.abc import Sequence

import structlog

from anji_common.errors import UndecodableError
from anji_common.events.commands import Command
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.writing.attempts import command_in

__all__ = ["log_suppressed"]

_log = structlog.get_logger("anji.writer")


def log_suppressed(records: Sequence[Record], system: System) -> None:
    """Log commands that are not carried out; names of fields, and no record's content."""
    for record in records:
        try:
            command = command_in(record, system)
        except UndecodableError as error:
            _log.warning("command.unreadable", reason=str(error))
        else:
            _tell(command)


def _tell(command: Command) -> None:
    _log.info(
        "write.suppressed",
        seat=str(command.seat),
        number=str(command.number),
        action=command.action.value,
        object=command.object_name,
        target=None if command.target is None else str(command.target),
        fields=sorted(command.values),
        lines={path: len(wishes) for path, wishes in command.rows.items()},
        removed={path: len(each) for path, each in command.removes.items()},
    )

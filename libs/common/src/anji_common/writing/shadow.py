"""Shadow mode (``protocol.md`` 23): a writer says what it would do."""

import structlog

from anji_common.events.commands import Command

__all__ = ["log_suppressed"]

_log = structlog.get_logger("anji.writer")


def log_suppressed(command: Command) -> None:
    """Log a command that is not carried out; names of fields, and no record's content."""
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

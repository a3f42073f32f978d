"""Logs: events with fields, one a line, on standard error; never a record's content.

A log event is a name (``command.refused``) and what tells which one (a ref, a number, a code).
Should a secret or a record's content be passed by mistake, the last step before writing masks it
by the name of its field. Libraries' own logs take the same way out.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog
from pydantic import SecretBytes, SecretStr

__all__ = ["configure_logs", "masked"]

_SECRET_PARTS = ("secret", "password", "token", "authorization", "cookie", "signature", "aes_key")
_CONTENT_NAMES = frozenset({"body", "data", "packet", "payload", "rows", "value", "values"})
_LIBRARIES = {
    "aiokafka": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
}


def masked(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Return `event` without secrets and contents; a step of structlog."""
    for name, value in event.items():
        lowered = name.lower()
        if isinstance(value, SecretStr | SecretBytes) or any(
            part in lowered for part in _SECRET_PARTS
        ):
            event[name] = "***"
        elif lowered in _CONTENT_NAMES:
            event[name] = f"<{type(value).__name__} left out>"
    return event


def configure_logs(
    form: Literal["console", "json"] = "console",
    level: Literal["debug", "info", "warning", "error"] = "info",
) -> None:
    """Send all logs of this process, ours and libraries', to standard error."""
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        masked,
    ]
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta
    ]
    if form == "json":
        last += [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        # Plain tracebacks: the pretty ones print local variables, and those hold contents.
        last.append(
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                exception_formatter=structlog.dev.plain_traceback,
            )
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=steps, processors=last)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for library, least in _LIBRARIES.items():
        logging.getLogger(library).setLevel(least)
    structlog.configure(
        processors=[*steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=False,
    )

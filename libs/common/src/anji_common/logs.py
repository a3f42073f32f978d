"""Logs: events with fields, one a line, on standard error; never a record's content.

A log event is a name (``command.refused``) and what tells which one (a ref, a number, a code).
Should a secret or a record's content be passed by mistake, the last step before writing masks it
by the name of its field. Libraries' own logs take the same way out; what they say over and over is
told now and then: a client of a Kafka that is away says some hundred lines a second.
"""

import logging
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from pydantic import SecretBytes, SecretStr

__all__ = ["Repeats", "configure_logs", "masked"]

_SECRET_PARTS = ("secret", "password", "token", "authorization", "cookie", "signature", "aes_key")
_CONTENT_NAMES = frozenset({"body", "data", "packet", "payload", "rows", "value", "values"})
_MOST_CHARACTERS = 2000
"""Of one text in a log line: a vendor's words may be a page, or a document."""
_LIBRARIES = {
    "aiokafka": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
}
_SAYS_OVER_AND_OVER = "aiokafka"
_REPEAT_SECONDS = 30.0
_MOST_SORTS = 1000
"""Of sayings that are remembered: the library has some hundred, each about a topic or a node."""


@dataclass
class _Said:
    at: float
    """In seconds since 1970, as log records tell it."""
    left_out: int = 0


class Repeats(logging.Filter):
    """Lets what the Kafka client says again through once in half a minute, with a count.

    The same words about another topic, or with another error, are another saying.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str, str], _Said] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written; one that is says how many were not since the last."""
        if not record.name.startswith(_SAYS_OVER_AND_OVER):
            return True
        # Not put together: what does not fit would raise here, in the middle of the library.
        sort = (record.name, str(record.msg), repr(record.args))
        last = self._said.get(sort)
        if last is not None and record.created - last.at < _REPEAT_SECONDS:
            last.left_out += 1
            return False
        self._said[sort] = _Said(record.created)
        if len(self._said) > _MOST_SORTS:
            del self._said[next(iter(self._said))]
        if last is not None and last.left_out:
            record.msg = f"{record.msg} (said {last.left_out} times more since it was written)"
        return True


def masked(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Return `event` without secrets and contents, long texts cut; a step of structlog."""
    for name, value in event.items():
        lowered = name.lower()
        if isinstance(value, SecretStr | SecretBytes) or any(
            part in lowered for part in _SECRET_PARTS
        ):
            event[name] = "***"
        elif lowered in _CONTENT_NAMES:
            event[name] = f"<{type(value).__name__} left out>"
        elif isinstance(value, str) and len(value) > _MOST_CHARACTERS:
            left_out = len(value) - _MOST_CHARACTERS
            event[name] = f"{value[:_MOST_CHARACTERS]} ... ({left_out} characters left out)"
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
    handler.addFilter(Repeats())
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

"""What happened in a simulation, in order: for people who replay a seed."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from anji_common.clock import Clock
from anji_common.testing.virtual_time import EPOCH

__all__ = ["Journal", "Line"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    seconds: float
    """Since the beginning, in virtual time."""
    who: str
    words: str

    def __str__(self) -> str:
        return f"{self.seconds:9.3f}  {self.who:<18}  {self.words}"


@dataclass(slots=True)
class Journal:
    """Takes down what happens."""

    clock: Clock
    lines: list[Line] = field(default_factory=list)

    def note(self, who: str, words: str) -> None:
        """Take down one thing."""
        seconds = (self.clock.now() - EPOCH).total_seconds()
        self.lines.append(Line(seconds, who, words))

    @contextmanager
    def of_logs(self) -> Iterator[None]:
        """Take down every log event too, instead of printing it, as long as the context lasts."""

        def take_down(_logger: object, level: str, event: MutableMapping[str, Any]) -> str:
            known = " ".join(f"{key}={value}" for key, value in event.items() if key != "event")
            self.note(f"log {level}", f"{event['event']} {known}")
            raise structlog.DropEvent

        before = structlog.get_config()
        structlog.configure(processors=[take_down], cache_logger_on_first_use=False)
        try:
            yield
        finally:
            structlog.configure(**before)

"""What a composition root hands to every service: the doors to the world, once each."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random

from anji_common.broker.port import Broker
from anji_common.clock import Clock

__all__ = ["Owning", "Runtime", "owning_nothing"]

Owning = Callable[[int], AbstractContextManager[None]]
"""What is held as long as this process works on a partition of that number."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The ports that all services share."""

    broker: Broker
    clock: Clock
    chance: Random
    """For jitter only; nothing that is decided depends on it."""
    state_dir: Path | None = None
    """Where views keep what they have read; `None` keeps it in memory. A cache: may be deleted."""


def owning_nothing(_partition: int) -> AbstractContextManager[None]:
    """Hold nothing."""
    return nullcontext()

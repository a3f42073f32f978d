"""What is done to a worker to see whether it loses events; the same for every runtime.

A worker copies numbers from one topic to the other. In one of its lives the handling of some
numbers raises, as if a vendor were down; in another it never ends, and then the process is
killed. In its last life all is well. What was sent and is not copied in the end is lost.
"""

import asyncio
import sys
from dataclasses import dataclass

from anji_common.messages import Message
from anji_common.topics import Topic

__all__ = ["COPIED", "GROUP", "SENT", "Fate", "VendorDownError", "numbers"]

SENT = Topic("sent.v1", is_compacted=False, retention_seconds=3600)
COPIED = Topic("copied.v1", is_compacted=False, retention_seconds=3600)
GROUP = "copiers"


class VendorDownError(Exception):
    """What a handler raises whose vendor does not answer."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of some numbers in one life of a worker."""

    raising: frozenset[int] = frozenset()
    holding: frozenset[int] = frozenset()

    @property
    def arguments(self) -> list[str]:
        """Return it for a command line."""
        return [_listed(self.raising), _listed(self.holding)]

    @classmethod
    def parse(cls, raising: str, holding: str) -> "Fate":
        """Return what `arguments` said."""
        return cls(_parsed(raising), _parsed(holding))

    async def befall(self, number: int) -> None:
        """Let the handling of `number` raise, never end, or pass.

        Raises:
            VendorDownError: it is one of those.
        """
        if number in self.raising:
            _say(f"raised {number}")
            raise VendorDownError
        if number in self.holding:
            _say(f"holding {number}")
            await asyncio.Event().wait()


def numbers(first: int, count: int) -> list[Message]:
    """Return so many numbers as messages."""
    return [Message(SENT.name, "one", str(n).encode()) for n in range(first, first + count)]


def _listed(found: frozenset[int]) -> str:
    return ",".join(str(n) for n in sorted(found))


def _parsed(text: str) -> frozenset[int]:
    return frozenset(int(n) for n in text.split(",") if n)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()

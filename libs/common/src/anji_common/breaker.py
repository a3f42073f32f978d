"""The breaker: when to stop calling a vendor at all.

A vendor that is gone is waited for by every command, window and question of a process, and each
tries again by itself every few seconds. Round the one way to that vendor, a breaker lets nearly
none of these leave until it answers again: a gateway that comes back is not met by all of them at
once, and no paid call is spent on silence. What it holds back has surely not left, so nothing of
it is in doubt.
"""

import structlog

from anji_common.clock import Clock, Stopwatch
from anji_common.errors import InDoubtError, VendorUnavailableError
from anji_common.metrics import VENDOR_CALLS
from anji_common.transport import Answer, Call, Transport

__all__ = ["LONGEST_HOLD_SECONDS", "UNANSWERED_CALLS", "Breaker"]

UNANSWERED_CALLS = 5
"""So many calls without an answer, one after the other, and calls are held back. Fewer may be one
connection that broke under several calls; a vendor that loses one answer in five is called on."""

LONGEST_HOLD_SECONDS = 15.0
"""The longest time between two tries, so that work goes on soon after the vendor is back."""

_FIRST_HOLD_SECONDS = 1.0

_GATEWAY_STATUSES = frozenset({502, 503, 504})
"""A gateway's own words: nobody behind it answered. A 500 may be about one record only."""

_log = structlog.get_logger("anji.breaker")


class Breaker:
    """The port `Transport` round another one.

    While calls are held back, one is let through when the hold is over, and the next hold is twice
    as long. Whoever asks first makes it; any answer ends the holding, also to a call that left
    earlier.
    """

    def __init__(self, transport: Transport, clock: Clock, *, system: str) -> None:
        """Prepare; `system` is the label of the metrics."""
        self._transport = transport
        self._clock = clock
        self._system = system
        self._unanswered = 0
        self._hold_seconds = 0.0
        self._held = Stopwatch(clock)
        """Since the last call that was let through, or since holding began."""
        self._silent = self._held
        """Since holding began."""

    async def send(self, call: Call) -> Answer:
        """Let it through, or hold it back.

        Raises:
            VendorUnavailableError: as the transport, or held back: it did not leave.
            InDoubtError: as the transport.
        """
        if self._holds:
            self.check(call.path)
            self._hold_seconds = min(self._hold_seconds * 2, LONGEST_HOLD_SECONDS)
            self._held = Stopwatch(self._clock)
        try:
            answer = await self._transport.send(call)
        except (InDoubtError, VendorUnavailableError) as error:
            self._not_answered(str(error))
            raise
        if answer.status in _GATEWAY_STATUSES:
            self._not_answered(f"HTTP {answer.status}")
        else:
            self._answered()
        return answer

    def check(self, path: str) -> None:
        """Ask whether a call would leave, before any of the day's calls is taken for it.

        Raises:
            VendorUnavailableError: it would not.
        """
        left = self._hold_seconds - self._held.seconds if self._holds else 0.0
        if left > 0:
            VENDOR_CALLS.labels(self._system, "held").inc()
            msg = (
                f"{self._system}: {path.partition('?')[0]} was not called: {self._unanswered} "
                f"calls had no answer; one is tried again in {left:.1f} s"
            )
            raise VendorUnavailableError(msg)

    async def close(self) -> None:
        await self._transport.close()

    @property
    def _holds(self) -> bool:
        return self._unanswered >= UNANSWERED_CALLS

    def _not_answered(self, words: str) -> None:
        self._unanswered += 1
        if self._unanswered == UNANSWERED_CALLS:
            self._hold_seconds = _FIRST_HOLD_SECONDS
            self._held = self._silent = Stopwatch(self._clock)
            _log.warning("vendor.silent", system=self._system, reason=words)

    def _answered(self) -> None:
        if self._holds:
            seconds = round(self._silent.seconds, 1)
            _log.warning("vendor.answers_again", system=self._system, silent_seconds=seconds)
        self._unanswered = 0

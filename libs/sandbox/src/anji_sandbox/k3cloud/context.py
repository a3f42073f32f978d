"""What one call works with: the caller, the time, and the account set."""

from dataclasses import dataclass

from anji_sandbox.k3cloud.records import Records
from anji_sandbox.k3cloud.sessions import Session
from anji_sandbox.k3cloud.switches import K3CloudSwitches
from anji_sandbox.k3cloud.values import Values, local_time

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """One call."""

    records: Records
    values: Values
    switches: K3CloudSwitches
    session: Session
    now: float

    @property
    def time(self) -> str:
        """The server's time when the call began, as it is written into records."""
        grain = self.switches.time_granularity_ms
        began_ms = round((self.now - self.switches.save_seconds) * 1000)
        return local_time(began_ms // grain * grain / 1000)

    def note_habit(self, name: str) -> None:
        """Count that something showed which is so by a switch only."""
        self.records.store.habits[name] += 1

    @property
    def user_id(self) -> int:
        """The caller's user id."""
        return self.session.user.user_id

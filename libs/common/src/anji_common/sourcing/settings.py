"""What can be set about a source."""

from dataclasses import dataclass

__all__ = ["SourceSettings"]


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How the sourcing engine reads one vendor; each connector fills it from its own settings."""

    poll_seconds: float
    """From the end of one poll of an object to the begin of the next."""

    most_poll_seconds: float
    """The same while hints (callbacks) come and polls find nothing that they had not told."""

    overlap_seconds: float
    """How far before its watermark a window begins: more than a query may lag behind a write,
    and more than the vendor's grain of time."""

    slack_seconds: float = 30.0
    """How wrong our idea of the vendor's time may be before changes are late or missed."""

    hints_topic: str | None = None
    """Signals that come from the vendor itself, such as callbacks."""

    trust_hints_seconds: float = 86_400.0
    """For how long the last hint shows that hints of that object do come. Long, because a quiet
    night is no sign that they do not; the first poll that finds what none had told is one."""

    gather_seconds: float = 0.0
    """How long signals and hints gather before one read is made of them, and the least pause
    between polls that hints ask for. For vendors whose reads are paid."""

    steady_gather_seconds: float = 0.0
    """The least pause between two reads of what was signalled or hinted, unless as many wait as
    one read takes. It is what keeps a steady stream of changes within the vendor's calls."""

    most_wishes: int = 500
    """Records of one object that are asked for: beyond them hints wait in their topic. Each stands
    in every checkpoint until it is read."""

    document_gather_seconds: float = 0.0
    """The same for objects with lines, if longer: a new document is only whole once its lines can
    be queried."""

    patrol_seconds: float | None = None
    """From the begin of one patrol over all known records to the next (see ``patrol.py``). `None`:
    only when somebody asks for one."""

    confirm_seconds: float = 60.0
    """How long after the first look a record that was not there is asked for again; more than a
    query lags behind a write."""

    most_deletes: int = 20
    most_deletes_share: float = 0.02
    """If more records of an object, or a larger share of them (but more than one), are gone in one
    round, they are held until a person approves."""

    least_back_off_seconds: float = 0.5
    most_back_off_seconds: float = 30.0
    """How long a vendor that is down, limited or refuses is left alone, at the most."""

    batch_ids: int = 100
    """Records that one read asks for."""

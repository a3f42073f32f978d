"""What a checkpoint is after somebody has asked a source for more than a record. Pure."""

from collections.abc import Mapping
from datetime import datetime

from anji_common.events.signals import Signal, SignalKind
from anji_common.sourcing.checkpoints import Checkpoint
from anji_common.sourcing.patrol import answered, asked_for
from anji_common.sourcing.snapshots import asked_for_all
from anji_common.sourcing.unread import sought

__all__ = ["after_asking"]


def after_asking(place: Checkpoint, signal: Signal, now: datetime) -> Mapping[str, object]:
    """Return what of a checkpoint changes; `now` is the vendor's time."""
    changed: Mapping[str, object] = {}
    match signal.kind:
        case SignalKind.PAUSE | SignalKind.RESUME:
            is_paused = signal.kind is SignalKind.PAUSE
            changed = {"is_paused": is_paused, "read_at": None if is_paused else place.read_at}
        case SignalKind.SNAPSHOT:
            changed = {"snapshot": asked_for_all(place, now)}
        case SignalKind.PROBE:
            changed = {"patrol": asked_for(place.patrol, now)}
        case SignalKind.SEEK if signal.ref is not None:
            changed = {"sought": sought(place.sought, signal.ref.record_id)}
        case SignalKind.CONFIRM:
            changed = {"confirms": signal.at}
        case SignalKind.APPROVE | SignalKind.REFUSE:
            changed = {"patrol": answered(place.patrol, signal.kind, signal.answers)}
        case _:
            pass
    return changed

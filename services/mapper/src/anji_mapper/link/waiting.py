"""Waiting for other links: a reference's counterpart releases, a deadline tells people."""

from anji_common.events.signals import Signal, SignalKind
from anji_common.refs import Ref
from anji_mapper.link.turn import Turn

__all__ = ["wait_for"]

_REF = "ref:"


def wait_for(turn: Turn, awaited: set[str]) -> None:
    """Remember what the link waits for; ask for what nobody may have read yet."""
    seat = turn.seat
    tokens = tuple(sorted(awaited))
    if tokens == seat.waits:
        return
    for token in tokens:
        if token not in seat.waits and token.startswith(_REF):
            ref = Ref.parse(token.removeprefix(_REF))
            turn.effects.append(
                Signal(
                    system=ref.system,
                    object_name=ref.object_name,
                    kind=SignalKind.READ,
                    at=turn.context.now,
                    ref=ref,
                )
            )
    since = None if not tokens else seat.waiting_since or turn.context.now
    turn.put(waits=tokens, waiting_since=since)

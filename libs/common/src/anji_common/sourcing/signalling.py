"""Signalling: what a person may ask of a source, as commands of both connectors offer it."""

from anji_common.errors import ConfigurationError
from anji_common.events.signals import Signal, SignalKind, source_key
from anji_common.interest import Interest
from anji_common.runtime import Runtime
from anji_common.sourcing.checkpoints import Checkpoint, checked_checkpoint
from anji_common.topics import CHECKPOINTS
from anji_common.views import View

__all__ = ["ASKABLE", "ask_source"]

ASKABLE = {
    SignalKind.SNAPSHOT: "Read all records of an object, beside what changes meanwhile.",
    SignalKind.PROBE: "Read all known records again: which are gone, or changed without a date?",
    SignalKind.APPROVE: "Let records be gone that a patrol found gone and holds for being many.",
    SignalKind.REFUSE: "Let none of them be gone: the next round looks again.",
    SignalKind.PAUSE: "Read nothing of an object, until told to resume.",
    SignalKind.RESUME: "Go on reading an object.",
}
"""What may be asked, and how its help tells it."""

_ANSWERS = frozenset({SignalKind.APPROVE, SignalKind.REFUSE})


async def ask_source(
    runtime: Runtime, interest: Interest, kind: SignalKind, object_name: str
) -> None:
    """Ask the source of one object for something; it is done once the source has read it.

    Raises:
        ConfigurationError: no mapping reads that object.
        RetriableError: the broker is silent.
    """
    known = sorted(each.object_name for each in interest.objects)
    if object_name not in known:
        msg = f"no mapping reads {object_name}; they read {', '.join(known)}"
        raise ConfigurationError(msg)
    signal = Signal(
        system=interest.system,
        object_name=object_name,
        kind=kind,
        at=runtime.clock.now(),
        answers=await _question(runtime, interest, object_name) if kind in _ANSWERS else None,
    )
    await runtime.broker.publish([signal.to_message()])


async def _question(runtime: Runtime, interest: Interest, object_name: str) -> str:
    """Return what the source of an object asks just now; "" for nothing."""
    view = View(runtime.broker, CHECKPOINTS.name, project=checked_checkpoint)
    await view.start()
    try:
        value = view.get(source_key(interest.system, object_name))
    finally:
        await view.close()
    patrol = None if value is None else Checkpoint.model_validate_json(value).patrol
    return "" if patrol is None else patrol.question

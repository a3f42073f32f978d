"""Signalling: what a person may ask of a source, as commands of both connectors offer it."""

from anji_common.errors import ConfigurationError
from anji_common.events.signals import Signal, SignalKind
from anji_common.interest import Interest
from anji_common.runtime import Runtime

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
        system=interest.system, object_name=object_name, kind=kind, at=runtime.clock.now()
    )
    await runtime.broker.publish([signal.to_message()])

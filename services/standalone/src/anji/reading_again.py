"""Has the sources read every known record again, within their own budgets, and waits for it."""

from collections.abc import Sequence

from anji_common.broker.port import Broker
from anji_common.clock import Clock
from anji_common.events.signals import Signal, SignalKind, source_key
from anji_common.refs import System
from anji_common.sourcing.checkpoints import Checkpoint, PatrolProgress
from anji_common.topics import CHECKPOINTS
from anji_common.views import View

__all__ = ["read_again"]

_LOOK_SECONDS = 1.0


async def read_again(broker: Broker, clock: Clock, objects: Sequence[tuple[System, str]]) -> None:
    """Ask for a round over every known record of `objects`, and wait until each is over.

    Whether it ends depends on the sources: they must run, and a vendor may have no calls left.
    """
    view = View(broker, CHECKPOINTS.name, project=lambda record: record.value)
    await view.start()
    try:
        before = {key: _patrol(view, key) for key in objects}
        signals = [
            Signal(system=system, object_name=name, kind=SignalKind.PROBE, at=clock.now())
            for system, name in objects
        ]
        await broker.publish([signal.to_message() for signal in signals])
        while not all(_is_over(_patrol(view, key), before[key]) for key in objects):
            await clock.sleep(_LOOK_SECONDS)
            await view.catch_up()
    finally:
        await view.close()


def _patrol(view: View, place: tuple[System, str]) -> PatrolProgress | None:
    value = view.get(source_key(*place))
    return None if value is None else Checkpoint.model_validate_json(value).patrol


def _is_over(now: PatrolProgress | None, before: PatrolProgress | None) -> bool:
    is_another = now is not None and (before is None or now.begun_at > before.begun_at)
    return now is not None and is_another and not now.is_under_way

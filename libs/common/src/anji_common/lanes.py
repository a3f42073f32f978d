"""In which lane work is done: what is called, and waited for, on its behalf follows from it.

Whoever begins bulk work says so once; the pools and budgets that live and bulk work share ask
here. It goes with the task and all that the task starts, like the id of a trace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from anji_common.topics import Lane

__all__ = ["current_lane", "working_in"]

_lane: ContextVar[Lane] = ContextVar("lane", default=Lane.LIVE)


def current_lane() -> Lane:
    """Return the lane of what is being done; live, where nobody has said otherwise."""
    return _lane.get()


@contextmanager
def working_in(lane: Lane) -> Iterator[None]:
    """Do what stands in the context in that lane."""
    token = _lane.set(lane)
    try:
        yield
    finally:
        _lane.reset(token)

"""Python's collector of reference cycles, told what a service's memory is like.

What a service has loaded stays until it ends, and what a record leaves behind is freed at once
by its reference count: there are next to no cycles in it. With Python's own settings the
collector looks at 700 new objects at a time, which are a few records, and again and again at all
that stands; a sixth of the mapper's processor time went there.
"""

import gc

__all__ = ["calm_collector"]

_NEW_OBJECTS = 200_000
"""More than twelve mapper tasks hold in their batches together. That is freed once these are
committed, and to look through it took a fifteenth of the mapper's time. Some 20 MB of them."""
_YOUNG_TURNS = 5
_MIDDLE_TURNS = 5
"""So cycles, which errors leave, wait for some seconds of full load before they are found."""


def calm_collector() -> None:
    """Set all that stands now aside for good, and look for cycles less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_TURNS, _MIDDLE_TURNS)

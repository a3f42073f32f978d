"""Records that a link has and no source has read: made by us, and then a write was refused. Pure.

People may have deleted such a one before its source read it once. Nobody published it, so a patrol
over what was published would never find it gone. It is looked for like the others instead, by the
same reads, and is gone by the same proof.
"""

from collections.abc import Callable, Collection, Sequence

__all__ = ["known_after", "sought"]

_MOST_SOUGHT = 500
"""They stand in every checkpoint. Of more the next refused write asks again."""


def sought(before: Sequence[str], record_id: str) -> tuple[str, ...]:
    """Return the ids that are looked for, with one more."""
    return tuple(dict.fromkeys((*before, record_id)))[:_MOST_SOUGHT]


def known_after(
    read_after: Callable[[str, int], Sequence[str]], unread: Collection[str]
) -> Callable[[str, int], Sequence[str]]:
    """Return what gives ids greater than one, sorted, so many at most: read ones, and `unread`."""

    def ids_after(record_id: str, limit: int) -> Sequence[str]:
        beside = [each for each in unread if each > record_id]
        read = read_after(record_id, limit)
        return sorted({*read, *beside})[:limit] if beside else read

    return ids_after

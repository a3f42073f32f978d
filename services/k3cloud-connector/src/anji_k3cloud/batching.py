"""Which commands share a call, which questions a query, and what a call's answer says of each.

Pure. The documents do not tell whether a batch is one transaction, nor what ``IsSuccess`` is when
half of it failed, so each packet is judged by its own ``DIndex``. One that was neither saved nor
complained of was held back by another's mistake: it goes out once more without that one.

Source: reference "k3cloud-webapi.md", sections 3.1 to 3.3.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from anji_k3cloud.wire import Complaint, Entity, Status

__all__ = ["Sorted", "chunks", "grouped", "halves", "sorted_out"]

K = TypeVar("K")
V = TypeVar("V")


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Return the values of each key, keys and values in the order they came."""
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def chunks(values: Sequence[V], most: int) -> Iterator[list[V]]:
    """Yield `values` in order, at most so many at a time."""
    rest = iter(values)
    while found := list(islice(rest, most)):
        yield found


def halves(values: Sequence[V]) -> tuple[Sequence[V], Sequence[V]]:
    """Return `values` in two parts: how a call that was refused whole is tried again."""
    middle = len(values) // 2
    return values[:middle], values[middle:]


@dataclass(frozen=True, slots=True)
class Sorted:
    """What an answer says of each packet, by its place in the call."""

    saved: dict[int, Entity]
    refused: dict[int, tuple[Complaint, ...]]
    unnamed: tuple[int, ...]
    """Neither of both."""
    is_mixed_up: bool = False
    """It names several records for one packet, and may mean others'."""


def sorted_out(status: Status, count: int) -> Sorted:
    """Return what became of each of `count` packets; a complaint weighs more than a success.

    But where the call as such is one, a complaint about a record that it names is but words.
    Whatever is complained of in a call of one packet is about that one. Of several records that
    are told for one packet none is known to be its.
    """
    told = Counter(entity.dindex for entity in status.entities)
    claimed = {place for place, times in told.items() if times > 1}
    entities = {
        entity.dindex: entity for entity in status.entities if entity.dindex not in claimed
    }
    refused: dict[int, tuple[Complaint, ...]] = {}
    for place in range(count):
        about = tuple(e for e in status.errors if count == 1 or e.dindex == place)
        if about and not (status.is_success and place in entities):
            refused[place] = about
    saved = {
        place: entities[place]
        for place in range(count)
        if place in entities and place not in refused
    }
    unnamed = tuple(each for each in range(count) if each not in saved and each not in refused)
    return Sorted(saved, refused, unnamed, is_mixed_up=bool(claimed))

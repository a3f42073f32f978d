"""A view's rows in memory alone: what `ViewStore` keeps in a file, without one.

For installations that keep no state on disk, tools that read a topic once, and simulations, where
a process that dies begins with nothing. Found and written in the same ways, in the same order.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

from anji_common.broker.view_store import Kept

__all__ = ["ViewMemory"]


class ViewMemory:
    """Rows by key, and how far the topic was read; all of it is gone when the process ends."""

    def __init__(self) -> None:
        self._rows: dict[str, bytes] = {}
        self._tokens: dict[str, frozenset[str]] = {}
        """By key, of those that have any."""
        self._keys: dict[str, set[str]] = {}
        """By token."""
        self._positions: dict[int, int] = {}

    def get(self, key: str) -> bytes | None:
        """Return the value of a row, or `None`."""
        return self._rows.get(key)

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the values of those of the rows that there are."""
        return {key: self._rows[key] for key in keys if key in self._rows}

    def put(self, key: str, value: bytes | None, tokens: Iterable[str] = ()) -> None:
        """Write a row, found by `tokens`; `None` removes it."""
        before = self._tokens.pop(key, frozenset())
        now = frozenset(tokens) if value is not None else frozenset[str]()
        for token in before - now:
            self._keys[token].discard(key)
            if not self._keys[token]:
                del self._keys[token]
        for token in now - before:
            self._keys.setdefault(token, set()).add(key)
        if now:
            self._tokens[key] = now
        if value is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = value

    def put_many(self, rows: Sequence[Kept]) -> None:
        """Write rows in their order, as `put` does each of them."""
        for key, value, tokens in rows:
            self.put(key, value, tokens)

    def find(self, token: str, limit: int | None) -> list[str]:
        """Return the keys of the rows with that token, sorted."""
        return sorted(self._keys.get(token, ()))[:limit]

    def scan(self, after: str | None = None) -> Iterator[tuple[str, bytes]]:
        """Return all rows, or those after a key, by ascending key; rows may be written meanwhile.

        A row that is made meanwhile may be left out.
        """
        keys = sorted(self._rows)
        for key in keys[0 if after is None else bisect_right(keys, after) :]:
            value = self._rows.get(key)
            if value is not None:
                yield key, value

    def __len__(self) -> int:
        return len(self._rows)

    def positions(self) -> dict[int, int]:
        """Return per partition the offset below which everything is in the rows."""
        return dict(self._positions)

    def move(self, positions: Mapping[int, int]) -> None:
        """Say how far the rows go."""
        self._positions.update(positions)

    def save(self) -> None:
        """There is no disk."""

    def clear(self) -> None:
        """Remove everything."""
        self._rows, self._tokens, self._keys, self._positions = {}, {}, {}, {}

    def close(self) -> None:
        """Nothing is held."""

"""For which rows links wait: beside the view, so that most rows are seen to release nobody."""

from collections.abc import Callable, Iterable

__all__ = ["Awaited"]

_FEW = 1000


class Awaited:
    """Tokens that links of one task wait for, and some that none waits for any more."""

    def __init__(self, is_awaited: Callable[[str], bool]) -> None:
        """Start with none; `is_awaited` says of a token whether any link waits for it now."""
        self._is_awaited = is_awaited
        self._tokens: set[str] = set()
        self._most = _FEW

    def __len__(self) -> int:
        return len(self._tokens)

    def among(self, tokens: Iterable[str]) -> set[str]:
        """Return those of `tokens` that a link may wait for."""
        return self._tokens.intersection(tokens)

    def add(self, tokens: Iterable[str]) -> None:
        """Take in what a link waits for.

        Those that none waits for any more are let go of once there are as many of them as of
        others: else each record that was ever waited for would be remembered for ever.
        """
        self._tokens.update(tokens)
        if len(self._tokens) > self._most:
            self._tokens = {each for each in self._tokens if self._is_awaited(each)}
            self._most = max(_FEW, 2 * len(self._tokens))

    def drop(self, token: str) -> None:
        """Forget a token that none waits for."""
        self._tokens.discard(token)

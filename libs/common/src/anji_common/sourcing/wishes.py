"""Wishes: records that are to be read, because somebody asked or because they were torn. Pure.

A query may lag behind a write, so what was not there, not whole, or older than what is known is
asked for again with growing pauses. A record that was never met is given up: the poll meets it
when the vendor shows it. One that was met is kept until it can be told.
"""

from collections.abc import Mapping

from anji_common.sourcing.checkpoints import Wish

__all__ = ["FIRST_TORN_WAIT_SECONDS", "after_try", "is_last_word", "wished"]

_WAITS_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Before each try; together twice the lag of queries that ``protocol.md`` 8 assumes (30 s)."""
_GIVE_UP_TRIES = 5
"""Not there after 7.5 s."""
_UNSETTLED = frozenset({"torn", "missing", "stale"})

FIRST_TORN_WAIT_SECONDS = _WAITS_SECONDS[1]
"""How long a record that was just seen torn is left alone."""


def wished(
    wishes: Mapping[str, Wish], record_id: str, answers: str | None, *, is_there: bool
) -> dict[str, Wish]:
    """Return the wishes with one more; no command's number is lost: one read answers them all.

    Who only asks once more, because no answer came, does not begin the tries anew: the last word
    on a record whose time went back would never be said.
    """
    old = wishes.get(record_id, Wish())
    before = (old.answers or "").split(",")
    asked = dict.fromkeys([*before, *(answers or "").split(",")])
    asked.pop("", None)
    wish = Wish(
        answers=",".join(asked) or None,
        is_there=is_there or old.is_there,
        tries=old.tries if answers and answers in before else 0,
    )
    return {**wishes, record_id: wish}


def after_try(
    wishes: Mapping[str, Wish], record_id: str, outcome: str
) -> tuple[dict[str, Wish], float | None]:
    """Return the wishes after one was tried, and in how many seconds it is due again, if it is.

    Args:
        wishes: Before.
        record_id: Which was tried.
        outcome: ``published``, ``known``, ``unreadable``: settled. ``torn``, ``stale``: it is
            there. ``missing``.
    """
    rest = dict(wishes)
    wish = rest.pop(record_id)
    is_there = wish.is_there or outcome in ("torn", "stale")
    tries = wish.tries + 1
    if outcome not in _UNSETTLED or not (is_there or tries < _GIVE_UP_TRIES):
        return rest, None
    rest[record_id] = wish.model_copy(update={"tries": tries, "is_there": is_there})
    return rest, _WAITS_SECONDS[min(tries, len(_WAITS_SECONDS) - 1)]


def is_last_word(wish: Wish) -> bool:
    """Whether what is read now is how the record really is: no query lags that long."""
    return wish.tries >= len(_WAITS_SECONDS)

"""The turnstile lets a few tasks at released links, by turns, and wakes who waited."""

from anji_mapper.turnstile import Turnstile


class Sleeper:
    """A task that counts how often it was woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


def test_no_more_go_in_than_may_and_the_next_is_woken_when_one_leaves() -> None:
    turnstile = Turnstile(2)
    first, second, third = Sleeper(), Sleeper(), Sleeper()

    assert turnstile.enter(first.wake)
    assert turnstile.enter(second.wake)
    assert not turnstile.enter(third.wake)
    turnstile.leave()

    assert third.woken == 1
    assert not turnstile.enter(first.wake)  # it would go in before who has waited
    assert turnstile.enter(third.wake)


def test_all_who_wait_have_their_turns_in_the_order_of_asking() -> None:
    turnstile = Turnstile(1)
    sleepers = [Sleeper() for _ in range(4)]
    order = []
    for _ in range(3):
        for number, sleeper in enumerate(sleepers):
            if turnstile.enter(sleeper.wake):
                order.append(number)
                turnstile.leave()

    assert order[:4] == [0, 1, 2, 3]
    assert [order.count(number) for number in range(4)] == [3] * 4


def test_who_has_ended_keeps_nobody_waiting() -> None:
    turnstile = Turnstile(1)
    first, gone, last = Sleeper(), Sleeper(), Sleeper()
    assert turnstile.enter(first.wake)
    assert not turnstile.enter(gone.wake)
    assert not turnstile.enter(last.wake)
    turnstile.leave()

    turnstile.forget(gone.wake)

    assert last.woken == 1
    assert turnstile.enter(last.wake)

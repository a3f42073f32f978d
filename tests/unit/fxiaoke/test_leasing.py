"""Leases of the day's calls: whatever the order, never more than there are."""

from hypothesis import given
from hypothesis import strategies as st

from anji_fxiaoke.leasing import LEASE_SECONDS, Lease, Ledger, asked_for

DAY = "2026-01-05"
records = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 60)), max_size=60
)
"""Who, what he asks for, and how much of what he holds he gives back."""


@given(records, st.integers(0, 200))
def test_what_is_held_is_never_more_than_the_day_has(
    story: list[tuple[int, int, int]], limit: int
) -> None:
    ledger, other = Ledger(), Ledger()
    held = dict.fromkeys(range(4), 0)

    for who, asked, most_back in story:
        back = min(most_back, held[who])
        granted = ledger.enter(DAY, asked=asked, returned=back, limit=limit)
        held[who] += granted - back

        assert granted == other.enter(DAY, asked=asked, returned=back, limit=limit)
        assert 0 <= granted <= asked
        assert sum(held.values()) == ledger.leased(DAY) <= limit


@given(st.integers(0, 10**6), st.none() | st.integers(0, 10**6))
def test_a_lease_is_small_enough_to_be_lost(spent: int, rest: int | None) -> None:
    asked = asked_for(spent, rest)

    assert 1 <= asked <= 50
    assert rest is None or asked <= max(rest // 20, 1)


def test_days_are_apart_and_no_limit_grants_all() -> None:
    ledger = Ledger()

    assert ledger.enter("2026-01-04", asked=5, returned=0, limit=5) == 5
    assert ledger.enter(DAY, asked=5, returned=0, limit=5) == 5
    assert ledger.enter(DAY, asked=50, returned=0, limit=None) == 50


def test_a_lease_holds_for_its_day_and_its_time() -> None:
    lease = Lease(DAY, LEASE_SECONDS, 2)

    assert lease.spend(DAY, 1.0)
    assert not lease.spend("2026-01-06", 1.0)
    assert not lease.spend(DAY, LEASE_SECONDS)
    assert lease.given_back(DAY) == 1
    assert lease.given_back(DAY) == 0
    assert not lease.spend(DAY, 1.0)


def test_of_a_day_that_is_over_nothing_is_given_back() -> None:
    assert Lease(DAY, LEASE_SECONDS, 2).given_back("2026-01-06") == 0


def test_days_that_are_over_are_forgotten() -> None:
    ledger = Ledger()
    for day in range(1, 29):
        ledger.enter(f"2026-02-{day:02}", asked=5, returned=0, limit=None)

    assert [ledger.leased(f"2026-02-{day:02}") for day in (1, 25, 26, 28)] == [0, 0, 5, 5]

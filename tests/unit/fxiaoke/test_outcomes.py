"""The CRM's code → what happens next."""

import pytest

from anji_common.errors import (
    AnjiError,
    AuthenticationError,
    ConfigurationError,
    InDoubtError,
    RateLimitedError,
    RefusedError,
    VendorUnavailableError,
)
from anji_fxiaoke.outcomes import Next, error_of, next_of
from anji_fxiaoke.wire import Told


def error(code: int, *, writes: bool = False) -> AnjiError:
    told = Told(code, "so it is", {})
    return error_of(told, "data/query X", writes=writes, window_seconds=20.0, day_seconds=3600.0)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (20016, AuthenticationError),
        (20017, AuthenticationError),
        (20021, AuthenticationError),
        (10006, ConfigurationError),
        (-1, VendorUnavailableError),
        (-2, VendorUnavailableError),
        (50009, VendorUnavailableError),
        (32000, RefusedError),
        (99999, RefusedError),
    ],
)
def test_every_code_of_a_read_says_what_happens_next(code: int, expected: type) -> None:
    assert type(error(code)) is expected


@pytest.mark.parametrize(
    ("code", "seconds"), [(30004, 20.0), (14001, 20.0), (30002, 3600.0), (30003, 600.0)]
)
def test_limits_tell_how_long_to_wait(code: int, seconds: float) -> None:
    found = error(code)

    assert isinstance(found, RateLimitedError)
    assert found.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("code", "expected"),
    [(-2, InDoubtError), (50009, InDoubtError), (-1, VendorUnavailableError)],
)
def test_what_may_have_been_done_is_a_doubt_for_a_write(code: int, expected: type) -> None:
    assert type(error(code, writes=True)) is expected


def test_a_refusal_keeps_the_vendors_words_as_they_are() -> None:
    found = error(32000)

    assert isinstance(found, RefusedError)
    assert (found.words, found.code) == ("so it is", "32000")


def test_only_the_two_codes_of_a_bad_token_ask_for_a_new_one() -> None:
    codes = range(-5, 60_000)

    assert [code for code in codes if next_of(code) is Next.NEW_TOKEN] == [20005, 20016]

"""A record that several read is parsed once; one that nobody can read is refused to each."""

import pytest

from anji_common.errors import UndecodableError
from anji_common.events.envelope import parsed
from anji_common.events.signals import Signal
from anji_common.messages import Record

_SIGNAL = (
    b'{"system":"fxiaoke","object_name":"AccountObj","kind":"read","at":"2026-01-05T00:00:00Z"}'
)


def _record(offset: int, value: bytes) -> Record:
    return Record("anji.signals.v1", 0, offset, 0, b"fxiaoke/AccountObj", value, ())


def test_a_value_that_several_read_is_parsed_once() -> None:
    assert parsed(Signal, _record(1, _SIGNAL)) is parsed(Signal, _record(1, _SIGNAL))


def test_a_large_value_is_not_kept_after_it_is_read() -> None:
    large = _SIGNAL + b" " * (64 << 10)

    assert parsed(Signal, _record(1, large)) is not parsed(Signal, _record(1, large))
    assert parsed(Signal, _record(1, large)) == parsed(Signal, _record(1, _SIGNAL))


def test_a_large_value_that_cannot_be_read_is_refused_as_a_small_one_is() -> None:
    with pytest.raises(UndecodableError, match="not a Signal"):
        parsed(Signal, _record(1, b"{" + b" " * (64 << 10)))


def test_a_value_that_cannot_be_read_is_refused_to_each_with_its_own_place() -> None:
    for offset in (3, 4):
        with pytest.raises(UndecodableError, match=rf"\b{offset}\b"):
            parsed(Signal, _record(offset, b'{"system":"fxiaoke"}'))

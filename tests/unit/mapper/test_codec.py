"""Seats survive their bytes: those of today, and those that earlier versions wrote."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.errors import NewerFormError, UndecodableError
from anji_common.events.changes import Change
from anji_common.events.commands import Action, Finish
from anji_common.events.observed import Stamp
from anji_common.refs import Ref, System
from anji_common.testing.strategies import (
    changes,
    command_numbers,
    entries,
    instants,
    json_values,
    names,
    refs,
    stamps,
    texts,
)
from anji_mapper.link.codec import decode_seat, encode_seat, index_tokens
from anji_mapper.link.state import (
    Decision,
    Flight,
    Held,
    LineState,
    PendingMessage,
    Problem,
    ProblemKind,
    Refusal,
    RowAgreement,
    Seat,
    SideState,
    Stage,
    Unfinished,
    changed,
)
from anji_mapper.mapping.model import Seen

OLD = Path(__file__).with_name("old-seats.jsonl")
"""What the first version wrote, one seat a line: customers, products, orders in several stages."""

SECOND = Path(__file__).with_name("second-seats.jsonl")
"""What the second form wrote, and the same seat with the names of all fields: those of a company
at work, and made-up ones with every field."""

few_names = st.sampled_from(("a", "b", "c"))
values = st.sampled_from((None, "", "1", 1, True, 0, False, 1.0)) | json_values
pairs = st.dictionaries(
    st.tuples(few_names, few_names).map("~".join) | names, st.tuples(values, values), max_size=4
)
rows = st.dictionaries(few_names, values, max_size=3)
line_rows = st.dictionaries(few_names, rows, max_size=3)
lines_names = st.sampled_from(("lines", "others"))
seen = st.builds(
    Seen,
    head=rows,
    rows=st.dictionaries(lines_names, line_rows, max_size=2),
    number=st.none() | texts,
    marker=st.none() | texts,
)
refusals = st.builds(
    Refusal,
    digest=texts,
    kind=st.sampled_from(ProblemKind),
    words=texts,
    number=command_numbers,
)
flights = st.builds(
    Flight,
    number=command_numbers,
    action=st.sampled_from(Action),
    digest=texts,
    pairs=pairs,
    rows=st.dictionaries(
        lines_names,
        st.lists(
            st.builds(
                RowAgreement, crm_id=st.none() | names, erp_id=st.none() | names, pairs=pairs
            ),
            max_size=2,
        ).map(tuple),
        max_size=2,
    ),
    base_at=st.none() | instants,
    answered_at=st.none() | instants,
    asked_at=st.none() | instants,
    ours_seen=st.booleans(),
    decided_on=st.integers(-1, 2**62),
    finish=st.sampled_from(Finish),
    removes=st.dictionaries(lines_names, st.lists(names, max_size=2).map(tuple), max_size=2),
    refusal=st.none() | refusals,
)
sides = st.builds(
    SideState,
    ref=st.none() | refs,
    revision=st.integers(-1, 2**62),
    stamp=st.none() | stamps,
    seen=st.none() | seen,
    floor=st.none() | stamps,
    flight=st.none() | flights,
    held=st.none() | st.builds(Held, revision=st.integers(0, 2**62), stamp=stamps, seen=seen),
    sent=st.integers(0, 1000),
    refusal=st.none() | refusals,
    is_gone=st.booleans(),
    returned=pairs,
    rewrites=st.dictionaries(texts, st.tuples(st.integers(1, 9), st.booleans()), max_size=2),
    owes_read=texts,
    unfinished=st.none()
    | st.builds(
        Unfinished,
        words=texts,
        finish=st.sampled_from(Finish),
        number=command_numbers,
        is_retried=st.booleans(),
    ),
)
seats = st.builds(
    Seat,
    key=refs,
    link_type=names,
    generation=st.integers(0, 2**40),
    version=texts,
    stage=st.sampled_from(Stage),
    partner=st.none() | refs,
    crm=sides,
    erp=sides,
    agreed=pairs,
    lines=st.dictionaries(
        lines_names,
        st.dictionaries(
            few_names,
            st.builds(
                LineState,
                erp_id=few_names,
                agreed=pairs,
                is_lost=st.booleans(),
                missed_at=st.integers(-1, 2**62),
                was_marked=st.booleans(),
                erp_missed_at=st.integers(-1, 2**62),
            ),
            max_size=3,
        ),
        max_size=2,
    ),
    waits=st.lists(texts, max_size=2).map(tuple),
    waiting_since=st.none() | instants,
    problem=st.none()
    | st.builds(Problem, id=texts, kind=st.sampled_from(ProblemKind), words=texts, since=instants),
    said=st.integers(0, 1000),
    heard=st.dictionaries(texts, st.integers(0, 1000), max_size=2),
    newest=st.none() | changes(),
    deferred=st.lists(entries, max_size=1).map(tuple),
    claimants=st.lists(refs, max_size=2).map(tuple),
    claimed_on=st.integers(-1, 2**62),
    is_unsettled=st.booleans(),
    renumbered=st.dictionaries(
        lines_names, st.dictionaries(names, names, min_size=1, max_size=2), max_size=2
    ),
    asked=pairs,
    decisions=st.dictionaries(
        texts,
        st.builds(
            Decision,
            winner=st.sampled_from(System),
            values=st.tuples(json_values, json_values),
            person=texts,
        ),
        max_size=2,
    ),
    messages=st.lists(st.builds(PendingMessage, to=texts, text=texts), max_size=2).map(tuple),
    rows_digest=texts,
)


WHOLE: dict[Any, tuple[str, ...]] = {
    Seat: (
        *("key", "link_type", "generation", "version", "stage", "partner", "crm", "erp", "agreed"),
        *("lines", "waits", "waiting_since", "problem", "said", "heard", "newest", "deferred"),
        *("claimants", "messages", "rows_digest", "asked", "decisions", "claimed_on"),
        *("is_unsettled", "renumbered"),
    ),
    SideState: (
        *("ref", "revision", "stamp", "seen", "floor", "flight", "held", "sent", "refusal"),
        *("is_gone", "returned", "unfinished", "rewrites", "owes_read"),
    ),
    Flight: (
        *("number", "action", "digest", "pairs", "rows", "base_at", "answered_at", "asked_at"),
        *("ours_seen", "decided_on", "finish", "removes", "refusal"),
    ),
    Decision: ("winner", "values", "person"),
    Held: ("revision", "stamp", "seen"),
    LineState: ("erp_id", "agreed", "is_lost", "missed_at", "was_marked", "erp_missed_at"),
    Problem: ("id", "kind", "words", "since"),
    Refusal: ("digest", "kind", "words", "number"),
    RowAgreement: ("crm_id", "erp_id", "pairs"),
    PendingMessage: ("to", "text"),
    Unfinished: ("words", "finish", "number", "is_retried"),
    Seen: ("head", "rows", "number", "marker"),
}
"""What has its place in the form. Whoever adds a field adds it to `codec` or `forms` first, then
here and to the strategies above."""


@pytest.mark.parametrize("kind", WHOLE)
def test_no_field_of_the_state_is_forgotten(kind: type[Any]) -> None:
    assert {each.name for each in fields(kind)} == set(WHOLE[kind])


def test_no_attribute_of_a_change_is_forgotten() -> None:
    assert set(Change.model_fields) == {"ref", "revision", "stamp", "data", "answers"}
    assert set(Stamp.model_fields) == {
        *("modified_at", "approved_at", "status", "modified_by", "by_anji", "unread")
    }


def exactly(value: object) -> str:
    """Return `value` with its types: 1, 1.0 and true are equal, and not the same JSON."""
    return repr(value)


@given(seats)
def test_a_seat_comes_back_from_its_bytes_as_it_was(seat: Seat) -> None:
    came = decode_seat(encode_seat(seat))

    assert came == seat
    assert exactly((came.agreed, came.lines)) == exactly((seat.agreed, seat.lines))
    assert encode_seat(came) == encode_seat(seat)


def test_what_both_sides_show_is_not_written_again() -> None:
    seat = Seat(
        key=Ref(System.FXIAOKE, "AccountObj", "1"),
        link_type="customer",
        generation=1,
        crm=SideState(seen=Seen({"crm": "shown on both sides"})),
        erp=SideState(seen=Seen({"erp": "shown on both sides"})),
        agreed={"crm~erp": ("shown on both sides", "shown on both sides")},
    )

    assert encode_seat(seat).count(b"shown on both sides") == 2


def test_a_pair_is_written_by_the_places_of_its_paths() -> None:
    seat = Seat(
        key=Ref(System.FXIAOKE, "AccountObj", "1"),
        link_type="customer",
        generation=1,
        crm=SideState(seen=Seen({"other": None, "crm": "1"})),
        erp=SideState(seen=Seen({"erp": "1"})),
        agreed={"crm~erp": ("1", "1"), "gone~erp": ("2", "1")},
    )

    assert orjson.loads(encode_seat(seat))[9] == [[1, 0], {"gone~erp": ["2", "1"]}]


def test_lines_in_the_order_of_both_sides_rows_are_not_written_again() -> None:
    crm, erp = {f"c{n}": {"a": n} for n in range(3)}, {f"e{n}": {"b": n} for n in range(3)}
    states = {f"c{n}": LineState(f"e{n}", {"a~b": (n, n)}) for n in range(3)}
    seat = Seat(
        key=Ref(System.FXIAOKE, "SalesOrderObj", "1"),
        link_type="sales_order",
        generation=1,
        crm=SideState(seen=Seen({}, {"lines": crm})),
        erp=SideState(seen=Seen({}, {"lines": erp})),
        lines={"lines": states},
    )
    lost = changed(seat, lines={"lines": {**states, "c1": LineState("e1", {}, is_lost=True)}})

    assert orjson.loads(encode_seat(seat))[10] == {"lines": [["a~b"], 1]}
    assert decode_seat(encode_seat(seat)) == seat
    assert decode_seat(encode_seat(lost)) == lost


def old_lines() -> list[bytes]:
    return OLD.read_bytes().splitlines()


@pytest.mark.parametrize("line", old_lines())
def test_what_the_first_version_wrote_is_still_read(line: bytes) -> None:
    written = orjson.loads(line)

    seat = decode_seat(line)

    assert str(seat.key) == written["key"]
    assert seat.stage == written.get("stage", "new")
    assert {name: list(pair) for name, pair in seat.agreed.items()} == written.get("agreed", {})
    for name in ("crm", "erp"):
        side, was = getattr(seat, name), written.get(name, {})
        assert side.revision == was.get("revision", -1)
        assert (side.seen and side.seen.head) == was.get("seen", {}).get("head")
        number = was.get("flight", {}).get("number")
        assert (side.flight and str(side.flight.number)) == number
    assert decode_seat(encode_seat(seat)) == seat


@pytest.mark.parametrize("line", SECOND.read_bytes().splitlines())
def test_what_the_second_form_wrote_is_still_read(line: bytes) -> None:
    second, whole = (orjson.dumps(orjson.loads(line)[name]) for name in ("second", "whole"))

    seat, expected = decode_seat(second), decode_seat(whole)

    assert seat == expected
    assert exactly((seat.agreed, seat.lines)) == exactly((expected.agreed, expected.lines))
    assert decode_seat(encode_seat(seat)) == seat


def test_a_seat_of_today_is_a_third_shorter_than_in_the_second_form() -> None:
    seconds = [orjson.loads(line)["second"] for line in SECOND.read_bytes().splitlines()]
    at_rest = [orjson.dumps(each) for each in seconds if each[2] in {"customer", "product"}]

    today = sum(len(encode_seat(decode_seat(each))) for each in at_rest)

    assert today < 0.7 * sum(map(len, at_rest))


def test_the_form_by_position_is_shorter_than_the_first() -> None:
    lines = old_lines()

    short = sum(len(encode_seat(decode_seat(line))) for line in lines)

    assert short < 0.75 * sum(map(len, lines))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"[2]",
        b"1",
        b'{"key": 1}',
        b'[2, "no ref"]',
        b"[3]",
        b'[3, "no ref"]',
        b'["99", "of next year"]',
        b'[-1, "of last year"]',
    ],
)
def test_what_is_no_seat_is_refused(value: bytes) -> None:
    with pytest.raises(UndecodableError, match="seat"):
        decode_seat(value)


def test_a_seat_of_a_newer_version_stops_whoever_reads_it() -> None:
    with pytest.raises(NewerFormError, match="start the newer version again"):
        decode_seat(b'[99, "of next year"]')


def test_a_seat_that_waits_is_found_by_what_it_waits_for() -> None:
    seat = Seat(
        key=Ref(System.FXIAOKE, "SalesOrderObj", "1"),
        link_type="sales_order",
        generation=1,
        waits=("ref:fxiaoke/AccountObj/1",),
    )

    tokens = index_tokens(seat)

    assert tokens == ("waits:ref:fxiaoke/AccountObj/1", "timer", "type:sales_order")

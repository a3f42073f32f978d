"""Pairs of records that both systems had before: what is certain, what is a guess, and why."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_mapper.pairing import Card, Match, Standing, normalised, pair_up

WIDE = {ord(digit): ord(digit) - ord("0") + 0xFF10 for digit in "0123456789"}
"""To full-width digits, as people type them in Chinese."""


def crm(ref: str, *keys: tuple[str, ...], name: str | None = None, tax: str | None = None) -> Card:
    return Card(f"crm/{ref}", None, name, tax, (("mark", f"crm/{ref}"), *keys))


def erp(ref: str, *keys: tuple[str, ...], name: str | None = None, tax: str | None = None) -> Card:
    return Card(f"erp/{ref}", None, name, tax, (("mark", f"erp/{ref}"), *keys))


def paired(ours: list[Card], theirs: list[Card]) -> list[tuple[Standing, str, str | None]]:
    return [
        (match.standing, match.crm.ref if match.crm else "", match.erp.ref if match.erp else None)
        for match in pair_up(ours, theirs)
    ]


def reasons(ours: list[Card], theirs: list[Card]) -> list[str]:
    return [match.reason for match in pair_up(ours, theirs)]


def test_a_number_that_one_record_of_each_side_has_is_certain() -> None:
    found = paired([crm("1", ("FNumber", "C1"))], [erp("a", ("FNumber", "C1"))])

    assert found == [(Standing.CERTAIN, "crm/1", "erp/a")]


def test_a_mark_goes_before_a_number() -> None:
    theirs = [
        erp("a", ("FNumber", "C1")),
        Card("erp/b", keys=(("mark", "crm/1"), ("FNumber", "C2"))),
    ]

    found = paired([crm("1", ("FNumber", "C1"))], theirs)

    assert (Standing.CERTAIN, "crm/1", "erp/b") in found
    assert (Standing.UNMATCHED, "", "erp/a") in found


def test_a_number_that_two_records_share_is_a_guess_that_says_so() -> None:
    key = ("FNumber", "C1")

    assert (
        reasons([crm("1", key)], [erp("a", key), erp("b", key)])
        == ["2 records of the ERP have the same FNumber"] * 2
    )
    assert (
        reasons([crm("1", key), crm("2", key)], [erp("a", key)])
        == ["several records of the CRM have the same FNumber"] * 2
    )


def test_name_and_tax_number_together_are_certain_whatever_their_width_and_signs() -> None:
    ours = [crm("1", name="杭州（安济）有限公司", tax="9133 0100 AB")]
    theirs = [erp("a", name="杭州(安济)有限公司 ", tax="91330100ab".translate(WIDE))]

    assert paired(ours, theirs) == [(Standing.CERTAIN, "crm/1", "erp/a")]


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (erp("a", name="Ann"), "same name; the tax number of one is empty"),
        (erp("a", name="ANN", tax="2"), "same name, another tax number"),
        (erp("a", name="Bob", tax="1"), "same tax number, another name"),
    ],
    ids=["no tax number", "another tax number", "another name"],
)
def test_a_name_or_a_tax_number_alone_is_a_guess(theirs: Card, reason: str) -> None:
    (match,) = pair_up([crm("1", name="Ann", tax="1")], [theirs])

    assert (match.standing, match.reason) == (Standing.DOUBTFUL, reason)


def test_what_has_no_partner_is_told_on_both_sides() -> None:
    found = [(match.standing, match.reason) for match in pair_up([crm("1", name="A")], [erp("a")])]

    assert found == [
        (Standing.UNMATCHED, "the ERP has no record like it"),
        (Standing.UNMATCHED, "the CRM has no record like it"),
    ]


_TEXTS = st.sampled_from([None, "Ann", " ann", "Bob", "1", "2"])
_CARDS = st.lists(st.tuples(_TEXTS, _TEXTS, st.sampled_from(["C1", "C2", "C3"])), max_size=6)


@given(_CARDS, _CARDS)
def test_no_record_is_certain_twice_and_none_is_forgotten(
    ours: list[tuple[str | None, str | None, str]],
    theirs: list[tuple[str | None, str | None, str]],
) -> None:
    left = [crm(str(n), ("no", no), name=a, tax=b) for n, (a, b, no) in enumerate(ours)]
    right = [erp(str(n), ("no", no), name=a, tax=b) for n, (a, b, no) in enumerate(theirs)]

    matches = list(pair_up(left, right))

    certain = Counter(ref for match in matches if _sure(match) for ref in _refs(match))
    assert set(certain.values()) <= {1}
    assert {ref for match in matches for ref in _refs(match)} == {
        card.ref for card in (*left, *right)
    }


def _sure(match: Match) -> bool:
    return match.standing is Standing.CERTAIN


def _refs(match: Match) -> list[str]:
    return [card.ref for card in (match.crm, match.erp) if card is not None]


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)

"""``on_row_removed`` of a mapping file: what it may say, and what is said of mistakes."""

import pytest

from anji_mapper.mapping.compile import compile_mappings
from anji_mapper.mapping.removals import RowPolicy
from labs.link_lab import CRM, ERP
from labs.mapping_files import GOOD, ORDER, changed, words_of


def saying(words: str) -> str:
    """Return the file of orders with these words about their lines."""
    row = "    fields:\n      - {crm: quantity"
    return changed(ORDER, row, f"    {words}\n{row}")


@pytest.mark.parametrize(
    ("said", "crm", "erp"),
    [
        ("on_row_removed: remove", RowPolicy.REMOVE, RowPolicy.REMOVE),
        ("on_row_removed: {crm: ask, erp: remove}", RowPolicy.ASK, RowPolicy.REMOVE),
        ("on_row_removed: {erp: remove}", RowPolicy.KEEP, RowPolicy.REMOVE),
        ("", RowPolicy.KEEP, RowPolicy.KEEP),
    ],
)
def test_a_file_says_what_a_removal_does(said: str, crm: RowPolicy, erp: RowPolicy) -> None:
    text = saying(said)

    found = compile_mappings({"customer.yaml": GOOD, "order.yaml": text}).named("order")

    assert found is not None
    (lines,) = found.lines
    assert lines.on_removed == {CRM: crm, ERP: erp}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("on_row_removed: delete", "25:21: 'delete' is not one of 'remove', 'keep' or 'ask'"),
        ("on_row_removed: {crm: rmove}", "did you mean 'remove'?"),
        ("on_row_removd: keep", "unknown key 'on_row_removd'; did you mean 'on_row_removed'?"),
    ],
)
def test_a_policy_that_is_none_is_told(said: str, words: str) -> None:
    text = saying(said)

    assert any(words in each for each in words_of(customer=GOOD, order=text))


def test_lines_that_hear_nothing_of_the_other_side_are_not_removed_with_it() -> None:
    text = saying("on_row_removed: remove")
    one_way = changed(text, "lens: decimal}", "lens: decimal, direction: to_erp}")

    assert words_of(customer=GOOD, order=text) == []
    assert any(
        "no field of these lines flows to the CRM: say erp: keep" in each
        for each in words_of(customer=GOOD, order=one_way)
    )

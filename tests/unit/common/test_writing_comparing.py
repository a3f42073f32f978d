"""Where a target stands between base and wish."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from anji_common.events.commands import RowRemoval, RowWish
from anji_common.events.observed import Observed, Stamp
from anji_common.interest import FieldInterest, LinesInterest
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.writing.comparing import Standing, same, standing_of
from labs.writer_lab import INTEREST, update

THING = Ref(System.K3CLOUD, "Thing", "1")


def observed(rows: list[JsonValue] | None = None, **data: JsonValue) -> Observed:
    stamp = Stamp(modified_at=EPOCH)
    return Observed(ref=THING, stamp=stamp, data={**data, "rows": rows or []})


def standing(command: Any, found: Observed, *, in_doubt: bool = False) -> Standing:  # noqa: ANN401 - a command
    return standing_of(command, found, INTEREST.of("Thing"), in_doubt=in_doubt)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("new", Standing.AT_WISH),
        ("old", Standing.AT_BASE),
        ("a person's", Standing.ELSEWHERE),
        (None, Standing.ELSEWHERE),
    ],
)
def test_one_field(held: JsonValue, expected: Standing) -> None:
    command = update(THING, {"name": "new"}, {"name": "old"})

    assert standing(command, observed(name=held)) is expected


def test_blank_absent_and_null_are_one() -> None:
    command = update(THING, {"name": None, "no": "1"}, {"no": None})

    assert same("", None)
    assert same([], None)
    assert not same(False, None)  # noqa: FBT003 - a value
    assert standing(command, observed(name="", no="")) is Standing.AT_BASE


def test_a_field_at_its_wish_beside_one_at_its_base_may_be_written() -> None:
    command = update(THING, {"name": "new", "no": "2"}, {"name": "old", "no": "1"})

    assert standing(command, observed(name="new", no="1")) is Standing.AT_BASE


def test_a_line_that_is_gone_is_elsewhere() -> None:
    wish = RowWish(source_id="a", target_id="7", values={"qty": "2"}, base={"qty": "1"})

    assert standing(update(THING, {}, {}, rows=(wish,)), observed()) is Standing.ELSEWHERE


@pytest.mark.parametrize(
    ("held", "expected"),
    [("2", Standing.AT_WISH), ("1", Standing.AT_BASE), ("3", Standing.ELSEWHERE)],
)
def test_one_line(held: str, expected: Standing) -> None:
    wish = RowWish(source_id="a", target_id="7", values={"qty": "2"}, base={"qty": "1"})

    found = standing(update(THING, {}, {}, rows=(wish,)), observed([{"row_id": "7", "qty": held}]))

    assert found is expected


ADDED = RowWish(source_id="b", values={"qty": "5"})
ALIKE: list[JsonValue] = [{"row_id": "8", "qty": "5"}]


def test_a_line_to_be_added_is_not_taken_for_one_that_looks_alike() -> None:
    command = update(THING, {}, {}, rows=(ADDED,))

    assert standing(command, observed(ALIKE)) is Standing.AT_BASE


def test_in_doubt_a_line_that_looks_alike_is_the_one_we_added() -> None:
    command = update(THING, {}, {}, rows=(ADDED,))

    assert standing(command, observed(ALIKE), in_doubt=True) is Standing.AT_WISH
    assert standing(command, observed(), in_doubt=True) is Standing.AT_BASE


def test_in_doubt_half_of_the_added_lines_is_somebody_elses_doing() -> None:
    other = RowWish(source_id="c", values={"qty": "6"})
    command = update(THING, {}, {}, rows=(ADDED, other))

    assert standing(command, observed(ALIKE), in_doubt=True) is Standing.ELSEWHERE


def test_a_record_whose_modify_time_has_not_moved_holds_none_of_our_lines() -> None:
    command = update(THING, {}, {}, rows=(ADDED,), issued_at=EPOCH + timedelta(days=1))

    assert standing(command, observed(ALIKE), in_doubt=True) is Standing.AT_BASE


def test_in_doubt_a_marked_line_is_ours_though_the_modify_time_has_not_moved() -> None:
    """Dates of whole seconds: the base was made in the second of our save."""
    lines = LinesInterest("rows", "row_id", (FieldInterest("qty"),), marker_field="mark")
    interest = replace(INTEREST.of("Thing"), lines=(lines,))
    wish = RowWish(source_id="b", values={"qty": "5", "mark": "b"})
    command = update(THING, {}, {}, rows=(wish,), issued_at=EPOCH + timedelta(days=1))
    ours = observed([{"row_id": "8", "qty": "5", "mark": "b"}])

    assert standing_of(command, ours, interest, in_doubt=True) is Standing.AT_WISH
    assert standing_of(command, observed(ALIKE), interest, in_doubt=True) is Standing.AT_BASE


def test_in_doubt_lines_that_were_added_beside_what_is_still_at_its_base_are_not_added_again() -> (
    None
):
    """A command of several calls, of which some were made; or a person took a field back."""
    removal = RowRemoval(source_id="a", target_id="7", base={"qty": "1"})
    command = update(THING, {"name": "new"}, {"name": "old"}, rows=(ADDED,))
    with_removal = command.model_copy(update={"removes": {"rows": (removal,)}})
    kept: list[JsonValue] = [{"row_id": "7", "qty": "1"}]

    assert standing(command, observed(ALIKE, name="old"), in_doubt=True) is Standing.ELSEWHERE
    assert standing(command, observed(ALIKE, name="new"), in_doubt=True) is Standing.AT_WISH
    assert standing(command, observed(name="old"), in_doubt=True) is Standing.AT_BASE
    assert (
        standing(with_removal, observed([*kept, *ALIKE], name="new"), in_doubt=True)
        is Standing.ELSEWHERE
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], Standing.AT_WISH),
        ([{"row_id": "8", "qty": "1"}], Standing.AT_WISH),
        ([{"row_id": "7", "qty": "1"}], Standing.AT_BASE),
        ([{"row_id": "7", "qty": "2"}], Standing.ELSEWHERE),
    ],
)
def test_a_line_to_be_removed(rows: list[JsonValue], expected: Standing) -> None:
    removal = RowRemoval(source_id="a", target_id="7", base={"qty": "1"})
    command = update(THING, {}, {}).model_copy(update={"removes": {"rows": (removal,)}})

    assert standing(command, observed(rows)) is expected

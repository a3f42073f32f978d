"""What is left of an update that was done in part."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from anji_common.events.commands import Command, RowRemoval, RowWish
from anji_common.events.observed import Observed, Stamp
from anji_common.interest import FieldInterest, LinesInterest
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.writing.attempts import AttemptRow, Rest
from anji_common.writing.comparing import Standing, rest_of, same, standing_of
from anji_common.writing.settings import WriterSettings
from anji_common.writing.verdicts import Answered, Job, Send, after_read, attempted
from labs.writer_lab import INTEREST, update

THING = Ref(System.K3CLOUD, "Thing", "1")
UNMARKED = INTEREST.of("Thing")
MARKED = replace(
    UNMARKED,
    lines=(LinesInterest("rows", "row_id", (FieldInterest("qty"),), marker_field="mark"),),
)
SETTINGS = WriterSettings()

_Row = dict[str, JsonValue]


def observed(rows: list[_Row], **data: JsonValue) -> Observed:
    stamp = Stamp(modified_at=EPOCH)
    return Observed(ref=THING, stamp=stamp, data={**data, "rows": [dict(row) for row in rows]})


def known(n: int, **values: JsonValue) -> RowWish:
    base = dict.fromkeys(values, f"old {n}")
    return RowWish(source_id=f"s{n}", target_id=f"k{n}", values=values, base=dict(base))


def removing(command: Command, *ids: str) -> Command:
    gone = tuple(RowRemoval(source_id=each, target_id=each, base={"qty": "old"}) for each in ids)
    return command.model_copy(update={"removes": {"rows": gone} if gone else {}})


COMMAND = removing(
    update(
        THING,
        {"name": "new", "no": "2"},
        {"name": "old", "no": "1"},
        rows=(known(1, qty="new 1"), RowWish(source_id="a", values={"qty": "7"})),
    ),
    "r1",
)
AT_BASE: list[_Row] = [{"row_id": "k1", "qty": "old 1"}, {"row_id": "r1", "qty": "old"}]


def test_of_what_is_at_its_base_everything_is_left() -> None:
    found = observed(AT_BASE, name="old", no="1")

    assert rest_of(COMMAND, found, UNMARKED, in_doubt=True) == COMMAND


def test_a_field_a_line_and_a_removal_that_are_done_are_not_left() -> None:
    found = observed([{"row_id": "k1", "qty": "new 1"}], name="new", no="1")

    rest = rest_of(COMMAND, found, UNMARKED, in_doubt=True)

    assert (rest.values, rest.base) == ({"no": "2"}, {"no": "1"})
    assert [each.source_id for each in rest.rows["rows"]] == ["a"]
    assert rest.removes == {}


def test_a_line_that_was_added_is_left_only_where_nobody_can_have_added_it() -> None:
    found = observed([*AT_BASE, {"row_id": "9", "qty": "7"}], name="old", no="1")

    def lines(*, in_doubt: bool) -> list[str]:
        rest = rest_of(COMMAND, found, UNMARKED, in_doubt=in_doubt)
        return [each.source_id for each in rest.rows["rows"]]

    assert lines(in_doubt=True) == ["s1"]
    assert lines(in_doubt=False) == ["s1", "a"]


def test_of_two_lines_that_look_alike_one_stands_for_one() -> None:
    twice = (
        RowWish(source_id="a", values={"qty": "7"}),
        RowWish(source_id="b", values={"qty": "7"}),
    )
    command = update(THING, {}, {}, rows=twice)
    found = observed([{"row_id": "9", "qty": "7"}])

    rest = rest_of(command, found, UNMARKED, in_doubt=True)

    assert [each.source_id for each in rest.rows["rows"]] == ["b"]
    assert standing_of(command, found, UNMARKED, in_doubt=True, in_parts=True) is Standing.AT_BASE
    assert standing_of(command, found, UNMARKED, in_doubt=True) is Standing.ELSEWHERE


def test_an_added_line_with_our_mark_that_a_person_has_edited_is_elsewhere() -> None:
    wish = RowWish(source_id="a", values={"qty": "7", "mark": "a"})
    command = update(THING, {}, {}, rows=(wish,))
    found = observed([{"row_id": "9", "qty": "8", "mark": "a"}])

    standing = standing_of(command, found, MARKED, in_doubt=True, in_parts=True)

    assert standing is Standing.ELSEWHERE


def test_what_is_neither_at_base_nor_at_wish_is_elsewhere_whatever_is_done() -> None:
    found = observed([{"row_id": "k1", "qty": "a person's"}], name="new", no="2")

    standing = standing_of(COMMAND, found, UNMARKED, in_doubt=True, in_parts=True)

    assert standing is Standing.ELSEWHERE


def _job(tries: int, *, fruitful: int = 0, rest: Rest | None = None) -> Job:
    attempt = AttemptRow(seat=COMMAND.seat).opened(COMMAND).open
    assert attempt is not None
    told = {"tries": tries, "in_doubt": tries > 0, "fruitful": fruitful, "rest": rest}
    attempt = attempt.model_copy(update=told)
    return Job(AttemptRow(seat=COMMAND.seat, open=attempt), attempt)


def test_attempts_that_get_on_are_not_counted_and_those_in_vain_are() -> None:
    half = observed(AT_BASE, name="new", no="2")

    first = after_read(_job(4), half, UNMARKED, SETTINGS, EPOCH, in_parts=True)
    assert isinstance(first, Send)
    assert first.rest is not None
    noted = attempted(_job(4), first, EPOCH)
    assert (noted.tries, noted.fruitful, noted.rest) == (5, 4, Rest.of(first.rest))

    again = after_read(
        _job(7, fruitful=4, rest=noted.rest), half, UNMARKED, SETTINGS, EPOCH, in_parts=True
    )
    assert again == first
    vain = after_read(
        _job(8, fruitful=4, rest=noted.rest), half, UNMARKED, SETTINGS, EPOCH, in_parts=True
    )
    assert isinstance(vain, Answered)
    assert "no effect of the last was found" in vain.result.words


def test_a_target_that_takes_documents_whole_is_sent_the_whole() -> None:
    half = observed(AT_BASE, name="new", no="1")

    assert after_read(_job(1), half, UNMARKED, SETTINGS, EPOCH) == Send()


values = st.sampled_from(["x", "y", "z", "", None])


@st.composite
def updates(draw: st.DrawFn) -> tuple[Command, list[_Row], dict[str, JsonValue], bool]:
    """Return an update, the rows and head values at its base, and whether lines are marked."""
    is_marked = draw(st.booleans())
    names = draw(st.sets(st.sampled_from(["name", "no", "marker"])))
    head: _Row = {name: draw(values) for name in ("name", "no", "marker")}
    wished: _Row = {name: draw(values) for name in sorted(names)}
    rows: list[_Row] = []
    wishes: list[RowWish] = []
    for n in range(draw(st.integers(0, 3))):
        row: _Row = {"qty": draw(values), "price": draw(values)}
        rows.append({"row_id": f"k{n}", **row})
        paths = draw(st.sets(st.sampled_from(["qty", "price"]), min_size=1))
        new = {path: draw(values) for path in sorted(paths)}
        old = {path: row[path] for path in sorted(paths)}
        wishes.append(RowWish(source_id=f"s{n}", target_id=f"k{n}", values=new, base=old))
    for n in range(draw(st.integers(0, 3))):
        mark: _Row = {"mark": f"a{n}"} if is_marked else {}
        # Of what stood there before nothing looks like it.
        wishes.append(
            RowWish(source_id=f"a{n}", values={"qty": draw(st.sampled_from("pq")), **mark})
        )
    gone = [f"r{n}" for n in range(draw(st.integers(0, 2)))]
    rows += [{"row_id": each, "qty": "old"} for each in gone]
    command = update(THING, wished, {name: head[name] for name in wished}, rows=tuple(wishes))
    return removing(command, *gone), rows, head, is_marked


class Record:
    """A record of a vendor that takes updates in parts."""

    def __init__(self, rows: list[_Row], head: dict[str, JsonValue]) -> None:
        self.rows, self.head = [dict(row) for row in rows], dict(head)
        self.made = 0

    def do(self, command: Command, chosen: Any = lambda: True) -> "Record":  # noqa: ANN401 - a draw
        """Carry out the parts that are chosen."""
        if chosen():
            self.head |= command.values
        for wish in command.rows.get("rows", ()):
            if not chosen():
                continue
            if wish.target_id is None:
                self.made += 1
                self.rows.append({"row_id": f"new {self.made}", **wish.values})
            else:
                next(each for each in self.rows if each["row_id"] == wish.target_id).update(
                    wish.values
                )
        for removal in command.removes.get("rows", ()):
            if chosen():
                self.rows = [row for row in self.rows if row["row_id"] != removal.target_id]
        return self

    def observed(self) -> Observed:
        return observed(self.rows, **self.head)

    def content(self) -> object:
        """Return what it says, added lines without their ids and in any order."""
        return {path: each or None for path, each in self.head.items()}, Counter(
            orjson.dumps(
                {
                    path: each or None
                    for path, each in row.items()
                    if path != "row_id" or not str(each).startswith("new")
                },
                option=orjson.OPT_SORT_KEYS,
            )
            for row in self.rows
        )


@given(updates(), st.data())
def test_the_rest_over_what_stands_gives_what_the_whole_gives(
    given_update: tuple[Command, list[_Row], dict[str, JsonValue], bool], data: st.DataObject
) -> None:
    command, rows, head, is_marked = given_update
    interest = MARKED if is_marked else UNMARKED
    whole = Record(rows, head).do(command)
    part = Record(rows, head).do(command, lambda: data.draw(st.booleans()))

    found = part.observed()
    standing = standing_of(command, found, interest, in_doubt=True, in_parts=True)
    rest = rest_of(command, found, interest, in_doubt=True)

    assert standing is (Standing.AT_BASE if Rest.of(rest).count else Standing.AT_WISH)
    assert not any(same(found.data.get(path), each) for path, each in rest.values.items())
    for wish in rest.rows.get("rows", ()):
        row = next((each for each in part.rows if each["row_id"] == wish.target_id), {})
        assert wish.target_id is None or wish.values
        assert not any(
            same(row.get(path), each) for path, each in wish.values.items() if wish.target_id
        )
    held = {row["row_id"] for row in part.rows}
    assert all(each.target_id in held for each in rest.removes.get("rows", ()))
    assert part.do(rest).content() == whole.content()
    assert Rest.of(rest_of(command, part.observed(), interest, in_doubt=True)).count == 0
    assert Rest.of(rest_of(rest, part.observed(), interest, in_doubt=True)).count == 0


def test_a_line_that_came_with_the_base_is_never_taken_for_an_added_one() -> None:
    """The record has not moved since the link saw it, so no attempt has added anything."""
    command = COMMAND.model_copy(update={"base_modified_at": EPOCH})
    later = EPOCH + timedelta(seconds=1)
    found = observed([*AT_BASE, {"row_id": "9", "qty": "7"}], name="old", no="1")
    moved = found.model_copy(update={"stamp": Stamp(modified_at=later)})

    rest = rest_of(command, found, UNMARKED, in_doubt=True)
    rest_later = rest_of(command, moved, UNMARKED, in_doubt=True)

    assert [each.source_id for each in rest.rows["rows"]] == ["s1", "a"]
    assert [each.source_id for each in rest_later.rows["rows"]] == ["s1"]

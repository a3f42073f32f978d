"""What a batch's answer says of each packet."""

from hypothesis import given
from hypothesis import strategies as st

from anji_k3cloud.batching import sorted_out
from anji_k3cloud.wire import Complaint, Entity, Status

places = st.sets(st.integers(-1, 12), max_size=8)


def answer(saved: set[int], refused: set[int]) -> Status:
    return Status(
        is_success=not refused,
        code=11 if refused else 0,
        errors=tuple(Complaint(f"no {place}", "", place) for place in sorted(refused)),
        entities=tuple(Entity(f"{place}", "", place) for place in sorted(saved)),
    )


@given(places, places, st.integers(1, 10))
def test_every_packet_is_saved_or_refused_or_unnamed_and_only_one_of_them(
    saved: set[int], refused: set[int], count: int
) -> None:
    found = sorted_out(answer(saved, refused), count)

    assert sorted([*found.saved, *found.refused, *found.unnamed]) == list(range(count))


def test_a_complaint_weighs_more_than_a_success() -> None:
    found = sorted_out(answer({0, 1}, {1}), 2)

    assert (list(found.saved), list(found.refused)) == ([0], [1])


def test_what_is_complained_of_in_a_call_of_one_packet_is_about_that_one() -> None:
    found = sorted_out(answer(set(), {7}), 1)

    assert [complaint.words for complaint in found.refused[0]] == ["no 7"]


def test_packets_that_another_ones_mistake_held_back_are_unnamed() -> None:
    assert sorted_out(answer(set(), {1}), 3).unnamed == (0, 2)

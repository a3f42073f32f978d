"""The patrol: what is gone is gone only when it was missing twice, and never too much at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anji_common.events.changes import Change
from anji_common.events.observed import Observed, Stamp
from anji_common.events.signals import SignalKind
from anji_common.refs import Ref, System
from anji_common.sourcing.checkpoints import Checkpoint, PatrolProgress, PatrolStage
from anji_common.sourcing.feed import Listed
from anji_common.sourcing.patrol import (
    Question,
    after_listing,
    after_read,
    answered,
    approved,
    asked_for,
    buried,
    due_at,
    is_too_many,
    listed_window,
    next_question,
    unproven,
)
from anji_common.sourcing.revisions import Published, revise
from anji_common.sourcing.settings import SourceSettings

AT = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
REF = Ref(System.FXIAOKE, "AccountObj", "1")


def settings(most: int = 20, share: float = 0.5, batch: int = 3) -> SourceSettings:
    return SourceSettings(
        poll_seconds=1.0,
        most_poll_seconds=1.0,
        overlap_seconds=1.0,
        patrol_seconds=86_400.0,
        most_deletes=most,
        most_deletes_share=share,
        batch_ids=batch,
    )


def a_round(
    known: list[str],
    there: list[set[str]],
    how: SourceSettings,
    begun: PatrolProgress | None = None,
) -> tuple[PatrolProgress, tuple[str, ...]]:
    """Go once around; `there` are the records that exist at the first look, and at the second."""
    progress, gone = begun, tuple[str, ...]()

    def ids_after(last: str, limit: int) -> list[str]:
        return [each for each in known if each > last][:limit]

    while True:
        question = next_question(progress, AT, ids_after, how)
        progress = question.progress
        if question.lists_behind is not None:
            progress = after_listing(progress, Listed((), is_last=True), AT)
        if question.ids:
            look = 1 if progress.stage is PatrolStage.CONFIRMING else 0
            told = sorted(there[look] & {*question.ids, *question.witnesses})
            put_off = unproven(question, told, AT)
            if put_off is not None:
                progress, _ = put_off
                continue
            progress, buried_now = after_read(question, told, how)
            gone += buried_now
        if not progress.is_under_way:
            return progress, gone


KNOWN = [f"{n:02}" for n in range(10)]


def test_who_is_missing_twice_is_gone() -> None:
    there = set(KNOWN) - {"03", "04", "09"}

    progress, gone = a_round(KNOWN, [there, there], settings())

    assert gone == ("03", "04", "09")
    assert progress.stage is PatrolStage.OVER


def test_who_is_back_at_the_second_look_was_never_gone() -> None:
    _, gone = a_round(KNOWN, [set(KNOWN) - {"03", "04"}, set(KNOWN) - {"04"}], settings())

    assert gone == ("04",)


@given(st.sets(st.sampled_from(KNOWN)), st.sets(st.sampled_from(KNOWN)), st.integers(1, 5))
def test_nobody_is_gone_who_was_not_missing_twice(
    first: set[str], second: set[str], batch: int
) -> None:
    """A witness who is missing at the second look is asked for once more, like the others."""
    progress, gone = a_round(KNOWN, [first, second], settings(share=1.0, batch=batch))

    assert set(KNOWN) - first - second <= set(gone) <= set(KNOWN) - second
    assert progress.stage is PatrolStage.OVER


def test_what_the_vendor_lists_is_looked_at_page_by_page_after_all_that_is_known() -> None:
    looked = PatrolProgress(begun_at=AT, looked_at=AT, after="09", looked=10, missing=("04",))

    first = the_question(KNOWN, looked)
    assert (first.ids, first.lists_behind) == ((), "")
    progress = after_listing(first.progress, Listed(("09", "10"), is_last=False), AT)
    second = the_question(KNOWN, progress)
    assert (second.ids, second.lists_behind) == ((), "10")
    progress = after_listing(second.progress, Listed(("11",), is_last=True), AT + DAY)

    assert (progress.stage, progress.listed) == (PatrolStage.CONFIRMING, None)
    assert progress.looked_at == AT + DAY


def test_only_what_polls_have_read_is_listed_and_nothing_older_than_the_installation() -> None:
    def place(watermark: datetime) -> Checkpoint:
        return Checkpoint(
            system=System.FXIAOKE, object_name="AccountObj", begun_at=AT, watermark=watermark
        )

    window = listed_window(place(AT + DAY), settings())
    assert (window.since, window.until) == (AT, AT + DAY - timedelta(seconds=1))
    nothing = listed_window(place(AT), settings())
    assert (nothing.since, nothing.until) == (AT, AT)


CONFIRMING = PatrolProgress(
    begun_at=AT, looked_at=AT, stage=PatrolStage.CONFIRMING, looked=10, missing=("04", "05")
)


def the_question(known: list[str], progress: PatrolProgress = CONFIRMING) -> Question:
    def ids_after(last: str, limit: int) -> list[str]:
        return [each for each in known if each > last][:limit]

    return next_question(progress, AT, ids_after, settings(batch=8))


def test_a_second_look_asks_for_witnesses_behind_and_before_those_who_are_missing() -> None:
    question = the_question(KNOWN)

    assert question.ids == ("04", "05")
    assert question.witnesses == ("06", "07", "00", "01")
    assert the_question(["04", "05"]).witnesses == ()


@pytest.mark.parametrize("told", [[], ["00", "01"], ["00", "01", "06"]])
def test_an_answer_that_leaves_out_a_witness_proves_nothing_and_is_asked_for_again(
    told: list[str],
) -> None:
    """An empty success, and pages that are cut short."""
    question = the_question(KNOWN)
    put_off = unproven(question, told, AT + DAY)

    assert put_off is not None
    progress, _ = put_off
    assert progress.stage is PatrolStage.CONFIRMING
    assert due_at(progress, AT, settings()) == AT + DAY + timedelta(seconds=60)
    again = the_question(KNOWN, progress)
    assert set(again.witnesses).isdisjoint({*question.witnesses} - {*told})
    assert unproven(again, list(again.witnesses), AT + 2 * DAY) is None


def test_an_answer_that_tells_a_record_twice_proves_nothing() -> None:
    """Rows that move between pages show twice, and hide others."""
    question = the_question(KNOWN)

    put_off = unproven(question, [*question.witnesses, "06"], AT)

    assert put_off is not None
    assert put_off[0].missing == ("04", "05")


def test_an_answer_with_all_witnesses_is_believed() -> None:
    question = the_question(KNOWN)
    told = [*question.witnesses, "05"]

    assert unproven(question, told, AT) is None
    assert after_read(question, told, settings())[1] == ("04",)


def test_too_many_are_held_until_somebody_approves_and_are_looked_at_again_then() -> None:
    there = {"00"}
    held, gone = a_round(KNOWN, [there, there], settings(most=3))
    assert (held.stage, gone) == (PatrolStage.HELD, ())
    assert len(held.confirmed) == 9

    over, gone = a_round(KNOWN, [there, {"00", "05"}], settings(most=3), approved(held))

    assert set(gone) == set(KNOWN) - {"00", "05"}
    assert over.stage is PatrolStage.OVER


def test_what_is_held_is_found_anew_by_the_next_round() -> None:
    held, _ = a_round(KNOWN, [set(), set()], settings(most=3))

    over, gone = a_round(KNOWN, [set(KNOWN), set(KNOWN)], settings(most=3), held)

    assert (over.stage, gone) == (PatrolStage.OVER, ())


def test_an_approval_of_nothing_held_changes_nothing() -> None:
    over, _ = a_round(KNOWN, [set(KNOWN)] * 2, settings())

    assert approved(over) is over
    assert approved(None) is None


def test_one_of_several_is_not_too_many_and_all_are_be_it_one() -> None:
    assert is_too_many(1, 1, settings(share=0.02))
    assert not is_too_many(1, 1, settings(share=1.0))
    assert not is_too_many(1, 2, settings(share=0.02))
    assert is_too_many(2, 10, settings(share=0.02))
    assert not is_too_many(2, 100, settings(share=0.02))
    assert is_too_many(21, 10_000, settings(share=0.02))


def test_a_round_begins_a_while_after_the_last_one_began_and_confirms_after_a_while() -> None:
    how = settings()
    looking = PatrolProgress(begun_at=AT, looked_at=AT)
    confirming = looking.model_copy(update={"stage": PatrolStage.CONFIRMING})
    over = looking.model_copy(update={"stage": PatrolStage.OVER})

    assert due_at(None, AT, how) == AT + DAY
    assert due_at(looking, AT - DAY, how) == AT
    assert due_at(confirming, AT - DAY, how) == AT + timedelta(seconds=60)
    assert due_at(over, AT - DAY, how) == AT + DAY


def test_a_tombstone_is_newer_than_all_before_and_a_record_that_is_back_is_newer_again() -> None:
    stamp = Stamp(modified_at=AT + DAY)
    first = revise(None, Observed(ref=REF, stamp=stamp, data={"a": "1"}))
    assert isinstance(first, Change)

    tombstone = buried(REF, Published.of(first), AT)
    back = revise(
        Published.of(tombstone), Observed(ref=REF, stamp=Stamp(modified_at=AT), data={"a": "1"})
    )

    assert tombstone.data is None
    assert tombstone.revision > first.revision
    assert isinstance(back, Change)
    assert back.revision > tombstone.revision
    assert Published.of(tombstone).is_gone
    assert not Published.of(back).is_gone


def test_what_a_person_refuses_is_not_gone_and_is_looked_at_again_in_the_next_round() -> None:
    there = {"00", "05"}
    held, gone = a_round(KNOWN, [there, there], settings(most=3))
    assert (held.stage, gone) == (PatrolStage.HELD, ())

    over = answered(held, SignalKind.REFUSE)

    assert over is not None
    assert (over.stage, over.confirmed) == (PatrolStage.OVER, ())
    again, gone = a_round(KNOWN, [there, there], settings(most=3), over)
    assert (again.stage, gone) == (PatrolStage.HELD, ())
    assert answered(over, SignalKind.REFUSE) is over
    assert answered(held, SignalKind.APPROVE) == approved(held)


@pytest.mark.parametrize("answer", [SignalKind.APPROVE, SignalKind.REFUSE])
def test_an_answer_to_another_question_than_the_one_that_stands_is_let_be(
    answer: SignalKind,
) -> None:
    fewer, _ = a_round(KNOWN, [{"00", "05"}, {"00", "05"}], settings(most=3))
    held, _ = a_round(KNOWN, [{"00"}, {"00"}], settings(most=3))

    assert answered(held, answer, fewer.question) is held
    assert answered(held, answer, "") is held
    assert answered(held, answer, held.question) == answered(held, answer)
    assert asked_for(held, AT).question == held.question


def test_what_is_held_can_be_answered_while_the_next_round_looks() -> None:
    there = {"00", "05", "06"}
    held, _ = a_round(KNOWN, [there, there], settings(most=3))
    next_round = asked_for(held, AT)
    assert next_round.stage is PatrolStage.LOOKING
    assert next_round.waiting == held.confirmed

    told = approved(next_round)
    over, gone = a_round(KNOWN, [there, there], settings(most=3), told)

    assert set(gone) == set(KNOWN) - there
    assert over.stage is PatrolStage.OVER
    refused = answered(next_round, SignalKind.REFUSE)
    assert refused is not None
    assert refused.waiting == ()
    assert a_round(KNOWN, [there, there], settings(most=3), refused)[1] == ()


def test_an_approval_is_of_those_that_were_shown_and_of_nobody_else() -> None:
    there = {"00", "05", "06"}
    held, _ = a_round(KNOWN, [there, there], settings(most=3))
    told = approved(asked_for(held, AT))

    again, gone = a_round(KNOWN, [set(), set()], settings(most=2), told)

    assert set(gone) == set(KNOWN) - there
    assert (again.stage, set(again.waiting)) == (PatrolStage.HELD, there)


def test_a_round_that_misses_very_many_looks_no_further_before_it_is_settled() -> None:
    known = [f"{number:06}" for number in range(10_000)]
    how = settings(share=0.02, batch=500)

    progress, gone = a_round(known, [set(), set()], how)

    assert gone == ()
    assert progress.stage is PatrolStage.HELD
    assert (progress.looked, len(progress.waiting)) == (2000, 2000)

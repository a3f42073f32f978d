"""The writing engine looks before it writes (``protocol.md`` 4, 8, 11): each rule an example."""

from datetime import timedelta

import pytest

from anji_common.events.commands import CommandNumber
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
from anji_common.sourcing.checkpoints import Checkpoint
from anji_common.testing.virtual_time import EPOCH
from labs.writer_lab import LittleTarget, create, seat, update
from labs.writing_lab import Lab, in_a_lab


def test_a_create_is_looked_up_written_and_read_back() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.CREATED
        assert result.number == CommandNumber(1, 1)
        assert result.observed is not None
        assert result.observed.data["name"] == "thing 1"
        assert result.ref == result.observed.ref
        assert result.calls == 1

    in_a_lab(test)


def test_a_record_of_the_same_natural_key_is_matched_and_not_made_again() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(tax="T1", name="by hand", no="X")
        lab.start()
        await lab.issue(create(natural="T1"))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.MATCHED
        assert result.ref == there
        assert result.business_number == "X"
        assert result.observed is not None
        assert result.observed.data["name"] == "by hand"
        assert lab.vendor.arrived == []

    in_a_lab(test)


def test_what_is_only_to_be_matched_is_looked_for_and_never_made() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(tax="T1", name="by hand", no="X")
        lab.start()
        for place, tax in ((1, "T1"), (2, "T2")):
            wish = create(place, natural=tax)
            await lab.issue(wish.model_copy(update={"only_matches": True}))

        await lab.wait(2)

        outcomes = {each.seat: (each.outcome, each.ref) for each in await lab.results()}
        assert outcomes == {
            seat(1): (Outcome.MATCHED, there),
            seat(2): (Outcome.UNMATCHED, None),
        }
        assert lab.vendor.arrived == []

    in_a_lab(test)


def test_a_record_with_our_marker_that_no_attempt_of_ours_made_is_matched() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.make(marker=str(seat(1)), name="edited since")
        lab.start()
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.MATCHED

    in_a_lab(test)


def test_several_records_that_fit_are_for_a_person() -> None:
    async def test(lab: Lab) -> None:
        refs = [lab.vendor.make(tax="T1"), lab.vendor.make(tax="T1")]
        lab.start()
        await lab.issue(create(natural="T1"))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.IN_DOUBT
        assert all(str(ref) in result.words for ref in refs)

    in_a_lab(test)


def test_a_batch_is_one_question_and_every_command_has_its_result() -> None:
    async def test(lab: Lab) -> None:
        await lab.issue(*(create(n) for n in range(1, 31)))
        lab.start()

        await lab.wait(1)

        assert len(await lab.results()) == 30
        assert len(lab.vendor.things) == 30
        # Three partitions, each: one look-up, one reading back.
        assert lab.vendor.reads == 6

    in_a_lab(test)


def test_an_update_whose_target_stands_at_its_base_is_written() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="old", no="1")
        lab.start()
        await lab.issue(update(there, {"name": "new"}, {"name": "old"}))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.UPDATED
        assert result.observed is not None
        assert result.observed.data == {"name": "new", "no": "1", "rows": []}

    in_a_lab(test)


def test_an_update_whose_target_holds_the_wish_is_done_without_a_call() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="new")
        lab.start()
        await lab.issue(update(there, {"name": "new"}, {"name": "old"}))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.UPDATED
        assert result.observed is not None
        assert result.calls == 0
        assert lab.vendor.arrived == []

    in_a_lab(test)


def test_an_update_whose_target_a_person_moved_writes_nothing_and_tells_what_is_there() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="a person's")
        lab.start()
        await lab.issue(update(there, {"name": "new"}, {"name": "old"}))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.MOVED
        assert result.observed is not None
        assert result.observed.data["name"] == "a person's"
        assert lab.vendor.values("name") == ["a person's"]

    in_a_lab(test)


def test_an_update_of_a_record_that_is_gone_is_rejected() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        gone = Ref(System.K3CLOUD, "Thing", "999")
        await lab.issue(update(gone, {"name": "new"}, {"name": "old"}))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.REJECTED
        assert result.code == "gone"

    in_a_lab(test)


async def read_whole(lab: Lab, *, seconds_ago: float, steadily: float = 1000.0) -> None:
    """Let the source tell that it has read all things as of then, and `steadily` for how long."""
    at = lab.clock.now() - timedelta(seconds=seconds_ago)
    told = Checkpoint(
        system=System.K3CLOUD,
        object_name="Thing",
        begun_at=EPOCH,
        watermark=at,
        read_at=at,
        steady_since=lab.clock.now() - timedelta(seconds=steadily),
    )
    await lab.broker.publish([told.to_message()])
    await lab.wait(1)


@pytest.mark.parametrize(
    ("decided_ago", "read_ago", "is_compared"),
    [
        (0.0, 5.0, False),
        (9.0, 25.0, False),
        (11.0, 5.0, True),
        (0.0, 31.0, True),
        (0.0, None, True),
    ],
)
def test_where_reads_are_paid_an_update_is_compared_if_knowledge_is_old(
    decided_ago: float, read_ago: float | None, *, is_compared: bool
) -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="a person's")
        lab.start(LittleTarget(lab.vendor, reads_are_paid=True))
        await lab.wait(100)
        if read_ago is not None:
            await read_whole(lab, seconds_ago=read_ago)
        decided_at = lab.clock.now() - timedelta(seconds=decided_ago)
        before = lab.vendor.reads

        await lab.issue(update(there, {"name": "new"}, {"name": "old"}, issued_at=decided_at))
        result = await lab.result_after(1)

        assert result.outcome is (Outcome.MOVED if is_compared else Outcome.UPDATED)
        assert (result.observed is None) is not is_compared
        assert lab.vendor.reads - before == is_compared

    in_a_lab(test)


@pytest.mark.parametrize(
    ("decided_ago", "steadily", "is_compared"),
    [(4.0, 2.0, True), (4.0, 10.0, True), (1.0, 9.0, True), (1.0, 13.0, False)],
)
def test_an_update_decided_before_a_source_that_stood_still_was_heard_is_compared(
    decided_ago: float, steadily: float, *, is_compared: bool
) -> None:
    """Its newest window is fresh; what people did in the hours before came with the first."""

    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="a person's")
        lab.start(LittleTarget(lab.vendor, reads_are_paid=True))
        await lab.wait(100)
        await read_whole(lab, seconds_ago=1.0, steadily=steadily)
        decided_at = lab.clock.now() - timedelta(seconds=decided_ago)

        await lab.issue(update(there, {"name": "new"}, {"name": "old"}, issued_at=decided_at))

        outcome = (await lab.result_after(1)).outcome
        assert outcome is (Outcome.MOVED if is_compared else Outcome.UPDATED)

    in_a_lab(test)


def test_knowledge_of_another_object_is_none() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="a person's")
        lab.start(LittleTarget(lab.vendor, reads_are_paid=True))
        at = lab.clock.now()
        told = Checkpoint(
            system=System.K3CLOUD, object_name="Other", begun_at=at, watermark=at, read_at=at
        ).model_copy(update={"steady_since": at - timedelta(seconds=1000)})
        await lab.broker.publish([told.to_message()])

        await lab.issue(update(there, {"name": "new"}, {"name": "old"}, issued_at=at))

        assert (await lab.result_after(1)).outcome is Outcome.MOVED

    in_a_lab(test)


def test_knowledge_that_grows_old_while_others_are_compared_is_old() -> None:
    """One look asks for many; what needed no question when it began may need one when it ends."""

    async def test(lab: Lab) -> None:
        there = [lab.vendor.make(name="a person's") for _ in range(2)]
        lab.start(LittleTarget(lab.vendor, reads_are_paid=True))
        await lab.wait(100)
        await read_whole(lab, seconds_ago=5.0)
        lab.vendor.latency_seconds = 20.0
        wishes = [
            update(ref, {"name": "new"}, {"name": "old"}, n=n, issued_at=lab.clock.now() - ago)
            for n, (ref, ago) in enumerate(
                zip(there, (timedelta(seconds=31), timedelta(seconds=15)), strict=True)
            )
        ]

        await lab.issue(*wishes)
        await lab.wait(100)

        assert [each.outcome for each in await lab.results()] == [Outcome.MOVED] * 2

    in_a_lab(test, partitions=1)

"""The writing engine looks before it writes (``protocol.md`` 4, 8, 11): each rule an example."""

from anji_common.events.commands import CommandNumber
from anji_common.events.results import Outcome
from anji_common.refs import Ref, System
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


def test_where_reads_are_paid_a_fresh_update_is_written_unseen_and_an_old_one_compared() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="a person's")
        lab.start(LittleTarget(lab.vendor, reads_are_paid=True))
        await lab.wait(100)
        old = update(there, {"name": "new"}, {"name": "old"}, n=1)
        fresh = update(there, {"name": "newer"}, {"name": "old"}, n=2)
        fresh = fresh.model_copy(update={"issued_at": lab.clock.now()})

        await lab.issue(old)
        await lab.wait(1)
        before = lab.vendor.reads
        await lab.issue(fresh)
        await lab.wait(1)

        first, second = await lab.results()
        assert first.outcome is Outcome.MOVED
        assert second.outcome is Outcome.UPDATED
        assert second.observed is None
        assert lab.vendor.reads == before

    in_a_lab(test)

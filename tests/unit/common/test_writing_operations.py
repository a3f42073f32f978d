"""Operations on whole records, and updates that are taken the rest of the way."""

from anji_common.events.commands import Finish, Operation
from anji_common.events.results import Outcome
from labs.writer_lab import create, operate, update
from labs.writing_lab import Lab, Q, in_a_lab


def test_an_operation_is_done_once_though_delivered_twice() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="x")
        lab.start()
        await lab.issue(operate(there, Operation.DELETE), operate(there, Operation.DELETE))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.UPDATED
        assert result.ref == there
        assert len(lab.vendor.arrived) == 1
        assert lab.vendor.things == {}

    in_a_lab(test)


def test_an_operation_that_somebody_did_already_needs_no_call() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="x")
        del lab.vendor.things[there.record_id]
        lab.start()
        await lab.issue(operate(there, Operation.DELETE))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.UPDATED
        assert lab.vendor.arrived == []

    in_a_lab(test)


def test_an_operation_on_a_record_that_is_gone_is_rejected() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="x")
        del lab.vendor.things[there.record_id]
        lab.start()
        await lab.issue(operate(there, Operation.VOID))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.REJECTED
        assert result.code == "gone"

    in_a_lab(test)


def test_an_operation_is_not_done_over_an_edit_that_it_did_not_know() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="edited since")
        lab.start()
        await lab.issue(operate(there, Operation.DELETE, name="x"))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.MOVED
        assert result.observed is not None
        assert lab.vendor.values("name") == ["edited since"]

    in_a_lab(test)


def test_a_lost_operation_that_took_effect_is_done_and_is_not_repeated() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="x")
        lab.vendor.fates.append("lost late")
        lab.start()
        await lab.issue(operate(there, Operation.DELETE))

        result = await lab.result_after(Q)

        assert result.outcome is Outcome.UPDATED
        assert len(lab.vendor.arrived) == 1

    in_a_lab(test)


def test_an_update_that_was_cut_off_before_its_audit_is_taken_the_rest_of_the_way() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="1")
        lab.vendor.fates.append("lost after")
        lab.start()
        wish = update(there, {"name": "2"}, {"name": "1"})
        await lab.issue(wish.model_copy(update={"finish": Finish.AUDITED}))

        result = await lab.result_after(Q)

        assert result.outcome is Outcome.UPDATED
        assert lab.vendor.things[there.record_id].status == "C"
        assert len(lab.vendor.arrived) == 1

    in_a_lab(test)


def test_a_lock_on_the_way_to_the_audit_is_waited_for() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.append("lost after")
        lab.vendor.locks = 3
        lab.start()
        await lab.issue(create(finish=Finish.AUDITED))

        result = await lab.result_after(Q)

        assert (result.outcome, result.words) == (Outcome.CREATED, "")
        assert [thing.status for thing in lab.vendor.things.values()] == ["C"]

    in_a_lab(test)


def test_a_lock_that_stays_ends_as_words_and_not_as_silence() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.append("lost after")
        lab.vendor.locks = 10_000
        lab.start()
        await lab.issue(create(finish=Finish.AUDITED))

        result = await lab.result_after(3 * Q)

        assert (result.outcome, result.words) == (Outcome.CREATED, "locked")
        assert len(lab.vendor.things) == 1

    in_a_lab(test)

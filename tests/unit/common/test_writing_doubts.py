"""The writing engine in doubt (``protocol.md`` 12): no second write and no result too early."""

from prometheus_client import REGISTRY

from anji_common.events.commands import Finish, RowWish
from anji_common.events.results import Outcome
from anji_common.refs import System
from labs.writer_lab import create, update
from labs.writing_lab import Lab, Q, in_a_lab


def test_a_lost_answer_after_the_write_is_found_at_once_and_is_created() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost after"])
        lab.start()
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.CREATED
        assert result.observed is not None
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_write_that_never_arrived_is_repeated_after_the_quarantine_and_not_before() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost"])
        lab.start()
        await lab.issue(create())

        await lab.wait(Q - 1)
        assert lab.vendor.arrived == []
        assert await lab.results() == []
        result = await lab.result_after(3)

        assert result.outcome is Outcome.CREATED
        assert result.calls == 2
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_write_that_arrives_late_is_not_repeated() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost late"])
        lab.vendor.late_seconds = 140
        lab.start()
        await lab.issue(create())

        result = await lab.result_after(Q + 60)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_create_in_doubt_never_matches_by_natural_key() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost late"])
        lab.start()
        await lab.issue(create(natural="T1"))
        await lab.wait(1)
        lab.vendor.make(tax="T1", name="somebody else's")

        result = await lab.result_after(60)

        assert result.outcome is Outcome.CREATED
        assert result.observed is not None
        assert result.observed.data["name"] == "thing 1"

    in_a_lab(test)


def test_under_a_unique_number_of_ours_a_lost_create_is_repeated_at_once() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost late"])
        lab.vendor.late_seconds = 5
        lab.start()
        await lab.issue(create(own_number=True))

        result = await lab.result_after(2)
        await lab.wait(Q)
        lab.vendor.settle()

        assert result.outcome is Outcome.CREATED
        assert result.business_number == "NO-1"
        assert len(lab.vendor.arrived) == 2
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_number_that_is_taken_by_our_own_lost_create_is_ours() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost late"])
        lab.vendor.late_seconds = 0.015  # between the look and the second write
        lab.start()
        await lab.issue(create(own_number=True))

        result = await lab.result_after(5)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_number_that_somebody_else_has_is_matched_by_it() -> None:
    async def test(lab: Lab) -> None:
        target = lab.start()
        target.pause_seconds = 1.0
        await lab.issue(create(own_number=True))
        await lab.wait(0.5)
        lab.vendor.make(no="NO-1", name="typed in meanwhile")

        result = await lab.result_after(2)

        assert result.outcome is Outcome.MATCHED
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_after_too_many_lost_answers_a_person_decides() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost"] * 9)
        lab.start(max_tries=2)
        await lab.issue(create())

        result = await lab.result_after(3 * Q)

        assert result.outcome is Outcome.IN_DOUBT
        assert "2 attempts" in result.words
        assert len(lab.vendor.fates) == 7

    in_a_lab(test)


def test_a_lost_create_that_nothing_could_tell_from_others_is_never_repeated() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost"])
        lab.start()
        await lab.issue(create(has_marker=False))

        result = await lab.result_after(Q + 60)

        assert result.outcome is Outcome.IN_DOUBT
        assert lab.vendor.arrived == []

    in_a_lab(test)


def test_a_lost_update_that_took_effect_is_updated() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="old")
        lab.vendor.fates.extend(["lost after"])
        lab.start()
        await lab.issue(update(there, {"name": "new"}, {"name": "old"}))

        result = await lab.result_after(1)

        assert result.outcome is Outcome.UPDATED
        assert len(lab.vendor.arrived) == 1

    in_a_lab(test)


def test_a_lost_update_without_effect_is_repeated_after_the_quarantine() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="old")
        lab.vendor.fates.extend(["lost"])
        lab.start()
        await lab.issue(update(there, {"name": "new"}, {"name": "old"}))

        await lab.wait(Q - 1)
        assert lab.vendor.values("name") == ["old"]
        result = await lab.result_after(3)

        assert result.outcome is Outcome.UPDATED
        assert lab.vendor.values("name") == ["new"]

    in_a_lab(test)


def test_a_lost_update_that_a_person_overtook_is_moved_when_it_cannot_come_any_more() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="old")
        lab.vendor.fates.extend(["lost"])
        lab.start()
        await lab.issue(update(there, {"name": "new"}, {"name": "old"}))
        await lab.wait(1)
        lab.vendor.edit(there, name="a person's")

        await lab.wait(Q - 5)
        assert await lab.results() == []
        result = await lab.result_after(10)

        assert result.outcome is Outcome.MOVED
        assert lab.vendor.values("name") == ["a person's"]

    in_a_lab(test)


def test_lines_that_a_lost_update_added_are_not_added_again() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="old")
        lab.vendor.fates.extend(["lost after"])
        lab.start()
        rows = (RowWish(source_id="a", values={"qty": "1"}),)
        await lab.issue(update(there, {}, {}, rows=rows))

        result = await lab.result_after(Q + 1)

        assert result.outcome is Outcome.UPDATED
        assert len(lab.vendor.things[there.record_id].rows) == 1

    in_a_lab(test)


def test_one_doubt_stalls_nothing_of_its_partition() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost"])
        lab.start()
        await lab.issue(create(1))
        await lab.wait(1)

        await lab.issue(*(create(n) for n in range(2, 40)))
        await lab.wait(1)

        assert len(await lab.results()) == 38

    in_a_lab(test)


def test_a_newer_command_waits_until_the_older_one_in_doubt_is_finished() -> None:
    async def test(lab: Lab) -> None:
        there = lab.vendor.make(name="0")
        lab.vendor.fates.extend(["lost late"])
        lab.start()
        await lab.issue(update(there, {"name": "1"}, {"name": "0"}, number=1))
        await lab.issue(update(there, {"name": "2"}, {"name": "1"}, number=2))
        await lab.issue(update(there, {"name": "3"}, {"name": "2"}, number=3))

        await lab.wait(Q + 30)

        results = await lab.results()
        assert [result.number.n for result in results] == [1, 2, 3]
        assert {result.outcome for result in results} == {Outcome.UPDATED}
        assert [number.n for _, number in lab.vendor.arrived] == [1, 2, 3]

    in_a_lab(test)


def test_a_bill_that_was_saved_in_doubt_is_taken_the_rest_of_the_way() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost after"])
        lab.start()
        await lab.issue(create(finish=Finish.AUDITED))

        result = await lab.result_after(2)

        assert result.outcome is Outcome.CREATED
        assert result.observed is not None
        assert result.observed.stamp.status == "C"

    in_a_lab(test)


def test_what_was_written_but_cannot_be_read_back_is_answered_when_the_vendor_is_there() -> None:
    async def test(lab: Lab) -> None:
        target = lab.start()
        target.goes_down_after_write = True
        await lab.issue(create(has_marker=False))

        await lab.wait(300)
        assert await lab.results() == []
        lab.vendor.is_down = False
        result = await lab.result_after(60)

        assert result.outcome is Outcome.CREATED
        assert result.observed is not None
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_writer_tells_of_what_is_parked_only_while_it_has_the_partition() -> None:
    def parked() -> float | None:
        labels = {"system": System.K3CLOUD.value, "partition": "0"}
        return REGISTRY.get_sample_value("anji_writer_parked_commands", labels)

    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost"])
        lab.start()
        await lab.issue(create())
        await lab.wait(5)
        assert parked() == 1

        await lab.crash()

        assert parked() == 0

    in_a_lab(test, partitions=1)

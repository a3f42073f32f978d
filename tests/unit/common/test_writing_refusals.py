"""The writing engine refused, put off, or without a vendor; and messages to people."""

from typing import Any

import pytest

from anji_common.events.results import Outcome
from anji_common.refs import System
from anji_common.topics import attempts_topic
from labs.writer_lab import create, message, seat
from labs.writing_lab import Lab, Q, in_a_lab


def test_a_refusal_is_a_result_in_the_vendors_words() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["refused"])
        lab.start()
        await lab.issue(create())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.REJECTED
        assert (result.words, result.code, result.field) == ("not like that", "11", "name")

    in_a_lab(test)


def test_a_refusal_after_a_doubt_waits_until_the_doubt_is_over() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost late", "refused"])
        lab.vendor.late_seconds = 100
        lab.start()
        await lab.issue(create(own_number=True))

        await lab.wait(90)
        assert await lab.results() == []
        result = await lab.result_after(60)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_refusal_after_a_doubt_without_effect_is_published_when_the_doubt_is_over() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost", "refused"])
        lab.start()
        await lab.issue(create(own_number=True))

        await lab.wait(Q - 5)
        assert await lab.results() == []
        result = await lab.result_after(60)

        assert result.outcome is Outcome.REJECTED
        assert result.words == "not like that"

    in_a_lab(test)


def test_being_put_off_takes_nothing_from_an_earlier_doubt() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["lost late", "busy", "busy", "busy"])
        lab.vendor.late_seconds = 100
        lab.start(max_busy=1)
        await lab.issue(create(own_number=True))

        await lab.wait(90)
        assert await lab.results() == []
        result = await lab.result_after(60)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_an_object_that_no_mapping_knows_is_refused_and_stalls_nothing() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        stray = create(1).model_copy(update={"object_name": "NoSuchThing"})
        await lab.issue(stray, create(2))
        await lab.wait(1)

        found = {result.seat: result for result in await lab.results()}
        assert found[seat(1)].outcome is Outcome.REJECTED
        assert "NoSuchThing" in found[seat(1)].words
        assert found[seat(2)].outcome is Outcome.CREATED

    in_a_lab(test)


def test_a_busy_record_is_tried_again_and_then_done() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["busy", "busy", "busy"])
        lab.start()
        await lab.issue(create())

        result = await lab.result_after(20)

        assert result.outcome is Outcome.CREATED
        assert len(lab.vendor.things) == 1

    in_a_lab(test)


def test_a_record_that_stays_busy_is_rejected_in_the_end() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["busy"] * 20)
        lab.start(max_busy=3)
        await lab.issue(create())

        result = await lab.result_after(120)

        assert result.outcome is Outcome.REJECTED
        assert result.words == "locked"
        assert len(lab.vendor.fates) == 16

    in_a_lab(test)


def test_a_vendor_that_cannot_be_reached_wears_nobody_out() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend(["unreached"] * 30)
        lab.start(max_busy=3)
        await lab.issue(create())

        result = await lab.result_after(300)

        assert result.outcome is Outcome.CREATED

    in_a_lab(test)


def test_while_the_vendor_is_down_commands_wait_and_none_is_lost() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.is_down = True
        lab.start()
        await lab.issue(*(create(n) for n in range(1, 120)))
        await lab.wait(120)
        assert await lab.results() == []

        lab.vendor.is_down = False
        await lab.wait(30)

        assert {result.outcome for result in await lab.results()} == {Outcome.CREATED}
        assert len(lab.vendor.things) == 119

    in_a_lab(test)


def test_a_question_that_the_vendor_refuses_is_refused_alone() -> None:
    async def test(lab: Lab) -> None:
        lab.vendor.refuses_look_ups_of = str(seat(3))
        await lab.issue(*(create(n) for n in range(1, 13)))
        lab.start()

        await lab.wait(2)

        results = {result.seat: result for result in await lab.results()}
        assert len(results) == 12
        assert results[seat(3)].outcome is Outcome.REJECTED
        assert "may not ask" in results[seat(3)].words
        assert len(lab.vendor.things) == 11

    in_a_lab(test)


def test_a_message_is_sent_and_answered() -> None:
    async def test(lab: Lab) -> None:
        lab.start()
        await lab.issue(message())

        result = await lab.result_after(1)

        assert result.outcome is Outcome.SENT
        assert lab.vendor.sent == ["it is shipped"]

    in_a_lab(test)


@pytest.mark.parametrize("fate", ["lost", "lost after"])
def test_a_message_whose_answer_was_lost_is_never_sent_again(fate: Any) -> None:  # noqa: ANN401 - a fate
    async def test(lab: Lab) -> None:
        lab.vendor.fates.extend([fate])
        lab.start()
        await lab.issue(message())

        result = await lab.result_after(Q + 60)

        assert result.outcome is Outcome.IN_DOUBT
        assert len(lab.vendor.sent) == (1 if fate == "lost after" else 0)

    in_a_lab(test)


def test_a_message_whose_sender_fell_over_is_never_sent_again() -> None:
    async def test(lab: Lab) -> None:
        target = lab.start()
        target.pause_seconds = 10.0
        await lab.issue(message())
        await lab.wait(1)
        await lab.crash()
        lab.start()

        result = await lab.result_after(Q + 60)

        assert result.outcome is Outcome.IN_DOUBT
        assert lab.vendor.sent == []

    in_a_lab(test)


def test_a_vendor_that_puts_off_everything_has_no_whole_backlog_parked() -> None:
    async def test(lab: Lab) -> None:
        commands = [create(n) for n in range(100)]
        lab.vendor.fates.extend(["unreached"] * 400)
        lab.start(max_batch_commands=5, most_parked=10)
        await lab.issue(*commands)

        await lab.wait(60)

        rows = await lab.records(attempts_topic(System.K3CLOUD))
        assert len({record.key for record in rows}) == 10
        lab.vendor.fates.clear()
        await lab.wait(600)
        assert len(lab.vendor.things) == 100

    in_a_lab(test, partitions=1)

"""The CRM as a target when things go wrong: lost answers, refusals, limits, tokens."""

import asyncio

import pytest

from anji_common.errors import AuthenticationError, RetriableError
from anji_common.events.commands import Action
from anji_common.events.results import Outcome
from anji_common.writing.settings import WriterSettings
from anji_common.writing.target import Busy, Doubtful, Refused, Written
from anji_fxiaoke.writer import FxiaokeTarget
from anji_sandbox.faults import Fault
from anji_sandbox.fxiaoke import FxiaokeLimits, FxiaokeSwitches
from labs.fxiaoke_lab import (
    INTEREST,
    Lab,
    made,
    new_account,
    on_a_crm,
    ref_of,
    update_of,
)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "bad_gateway", "html"])
def test_a_write_without_a_usable_answer_is_a_doubt(kind: str) -> None:
    async def test(lab: Lab) -> None:
        lab.faults.add_json({"kind": kind, "endpoint": "*/data/create"})

        (outcome,) = await lab.target.write([new_account(1)])

        assert isinstance(outcome, Doubtful)
        assert len(lab.person.all("AccountObj")) == (1 if kind == "drop_after" else 0)

    on_a_crm(test)


@pytest.mark.parametrize("code", [-2, 50009])
def test_an_error_inside_the_vendor_is_a_doubt_for_a_write(code: int) -> None:
    async def test(lab: Lab) -> None:
        lab.faults.add(Fault(kind="code", endpoint="*/data/create", code=code))

        (outcome,) = await lab.target.write([new_account(1)])

        assert isinstance(outcome, Doubtful)

    on_a_crm(test)


def test_a_vendor_that_is_down_is_nobodys_fault() -> None:
    async def test(lab: Lab) -> None:
        lab.transport.is_down = True

        (outcome,) = await lab.target.write([new_account(1)])

        assert isinstance(outcome, Busy)
        assert outcome.is_unreached

    on_a_crm(test)


def test_a_refusal_carries_the_vendors_words_and_the_others_are_written() -> None:
    async def test(lab: Lab) -> None:
        bad = new_account(1, unknown_field="x")

        refused, outcome = await lab.target.write([bad, new_account(2)])

        assert isinstance(refused, Refused)
        assert "unknown_field does not exist" in refused.words
        assert refused.code == "32000"
        assert made(outcome).outcome is Outcome.CREATED

    on_a_crm(test)


def test_an_update_refused_halfway_says_what_was_written() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])

        (refused,) = await lab.target.write(
            [update_of(ref_of(outcome), {"tel": "9", "owner": "FSUID_NOBODY"})]
        )

        assert isinstance(refused, Refused)
        assert "already written: fields" in refused.words
        assert refused.is_partial

    on_a_crm(test)


def test_an_update_cut_off_halfway_is_a_doubt() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])
        lab.faults.add(Fault(kind="code", endpoint="*/data/changeOwner", code=30004))

        (doubtful,) = await lab.target.write(
            [update_of(ref_of(outcome), {"tel": "9", "owner": lab.person.open_user_id})]
        )

        assert isinstance(doubtful, Doubtful)
        assert "already written: fields" in doubtful.words

    on_a_crm(test)


def test_a_refused_token_is_renewed_and_the_write_made_once() -> None:
    async def test(lab: Lab) -> None:
        await lab.target.write([new_account(1)])
        lab.crm.revoke_tokens()

        (outcome,) = await lab.target.write([new_account(2)])

        assert made(outcome).outcome is Outcome.CREATED
        assert len(lab.person.all("AccountObj")) == 2

    on_a_crm(test)


def test_credentials_that_do_not_suffice_stop_the_writer() -> None:
    async def test(lab: Lab) -> None:
        with pytest.raises(AuthenticationError):
            await lab.target.write([new_account(1)])

    on_a_crm(test, app_secret="0" * 32)


def test_what_cannot_leave_in_time_is_busy_and_not_sent() -> None:
    async def test(lab: Lab) -> None:
        began = lab.clock.monotonic()

        outcomes = await lab.target.write([new_account(n) for n in range(50)])

        left = [each for each in outcomes if isinstance(each, Written)]
        late = [each for each in outcomes if isinstance(each, Busy)]
        assert len(left) == 20  # ten a window: now, and after 20 s; the third begins too late
        assert len(late) == 30
        assert all(each.is_unreached for each in late)
        assert lab.clock.monotonic() - began < 60.0

    on_a_crm(test, limits=FxiaokeLimits(calls_per_window=10), calls_per_window=10)


def test_a_writer_with_a_shorter_pause_sends_nothing_beyond_half_of_it() -> None:
    async def test(lab: Lab) -> None:
        pause = WriterSettings(pause_seconds=10.0).most_pause_seconds
        target = FxiaokeTarget(
            lab.client, lab.metadata, INTEREST, lab.settings, lab.clock, most_pause_seconds=pause
        )
        began = lab.clock.monotonic()

        outcomes = await target.write([new_account(n) for n in range(50)])

        assert sum(isinstance(each, Written) for each in outcomes) == 10  # the first window's
        assert lab.clock.monotonic() - began < 20.0

    on_a_crm(test, limits=FxiaokeLimits(calls_per_window=10), calls_per_window=10)


def test_a_message_is_sent_once_to_all() -> None:
    async def test(lab: Lab) -> None:
        command = new_account(1).model_copy(
            update={
                "action": Action.MESSAGE,
                "to": (lab.person.open_user_id,),
                "text": "已发货",
            }
        )

        (outcome,) = await lab.target.write([command])

        (message,) = lab.crm.messages()
        assert made(outcome).outcome is Outcome.SENT
        assert message["to"] == [lab.person.open_user_id]
        assert message["content"] == {"content": "已发货"}

    on_a_crm(test)


def test_no_workflow_and_no_approval_is_started() -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1)])

        assert lab.person.get("AccountObj", ref_of(outcome).record_id)["life_status"] == "normal"

    on_a_crm(test, switches=FxiaokeSwitches(approval_objects=frozenset({"AccountObj"})))


def test_callers_at_the_same_time_share_one_token() -> None:
    async def test(lab: Lab) -> None:
        await asyncio.gather(
            *(lab.target.look_up([new_account(n)], own_only=True) for n in range(9))
        )

        assert lab.crm.store.calls["token"] == 1

    on_a_crm(test)


def test_a_token_is_renewed_in_its_last_ten_minutes_and_not_before() -> None:
    async def test(lab: Lab) -> None:
        async def ask() -> int:
            await lab.target.look_up([new_account(1)], own_only=True)
            return lab.crm.store.calls["token"]

        tokens = [await ask()]
        for wait_seconds in (6590.0, 560.0):
            await lab.clock.sleep(wait_seconds)
            tokens.append(await ask())

        assert tokens == [1, 1, 2]

    on_a_crm(test)


def test_the_days_calls_are_not_used_beyond_their_end() -> None:
    async def test(lab: Lab) -> None:
        for n in range(3):
            await lab.target.look_up([new_account(n)], own_only=True)

        with pytest.raises(RetriableError):
            await lab.target.look_up([new_account(4)], own_only=True)
        await lab.clock.sleep(15 * 3600.0)  # from 9 o'clock in Beijing to the next day
        assert await lab.target.look_up([new_account(5)], own_only=True) == [()]

    on_a_crm(test, calls_per_day=5)

"""Who we are to the CRM: both styles, the token's life, the acting employee."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import orjson
import pytest

from anji_common.errors import AuthenticationError, ConfigurationError, RetriableError
from anji_common.events.results import Outcome
from anji_common.transport import Answer, Call, Transport
from anji_common.writing.target import Refused
from anji_fxiaoke.auth import BY_MOBILE_PATH, TOKEN_PATH
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.service import make_client
from anji_fxiaoke.settings import FxiaokeSettings
from anji_sandbox.faults import Fault, Kind
from anji_sandbox.fxiaoke import FxiaokeSwitches
from labs.fxiaoke_lab import ACCOUNT, Lab, made, new_account, on_a_crm, ref_of

POLL = Purpose("poll")
OAUTH: dict[str, Any] = {"auth_style": "oauth", "user_id": "1000"}


async def ask(lab: Lab) -> None:
    await lab.client.query("AccountObj", (), ("_id",), POLL)


@pytest.mark.parametrize("style", [{}, OAUTH], ids=["old", "new"])
def test_in_both_styles_the_same_record_has_the_same_values(style: dict[str, Any]) -> None:
    async def test(lab: Lab) -> None:
        (outcome,) = await lab.target.write([new_account(1, "甲", owner=lab.person.open_user_id)])

        found = made(outcome).observed
        assert found is not None
        assert found.stamp.by_anji
        assert found.stamp.modified_by == lab.crm.credentials["open_user_id"]
        assert found.data["owner"] == lab.person.open_user_id
        page = await lab.feed.read(ACCOUNT, [ref_of(outcome).record_id])
        assert [each.data for each in page.records] == [found.data]

    on_a_crm(test, switches=FxiaokeSwitches(third_trace_id_required=True), **style)


@pytest.mark.parametrize("style", [{}, OAUTH], ids=["old", "new"])
def test_everybody_who_asks_at_once_waits_for_one_token(style: dict[str, Any]) -> None:
    async def test(lab: Lab) -> None:
        await asyncio.gather(*(ask(lab) for _ in range(20)))

        assert lab.crm.store.calls["token"] == 1

    on_a_crm(test, **style)


@pytest.mark.parametrize("style", [{}, OAUTH], ids=["old", "new"])
def test_a_token_is_renewed_once_in_its_last_ten_minutes(style: dict[str, Any]) -> None:
    async def test(lab: Lab) -> None:
        await ask(lab)
        await lab.clock.sleep(6_599.0)
        await ask(lab)
        assert lab.crm.store.calls["token"] == 1
        await lab.clock.sleep(545.0)
        await ask(lab)
        assert lab.crm.store.calls["token"] == 2
        await lab.clock.sleep(3_600.0)
        await ask(lab)

        assert lab.crm.store.calls["token"] == 2

    on_a_crm(test, **style)


@pytest.mark.parametrize("style", [{}, OAUTH], ids=["old", "new"])
def test_a_revoked_token_is_dropped_and_the_call_made_once_more(style: dict[str, Any]) -> None:
    async def test(lab: Lab) -> None:
        await lab.metadata.completed(ACCOUNT)
        lab.crm.revoke_tokens()

        (outcome,) = await lab.target.write([new_account(1)])

        assert made(outcome).ref is not None
        assert lab.client.caller.tally.calls["AccountObj", "create"] == 2
        assert len(lab.person.all("AccountObj")) == 1

    on_a_crm(test, **style)


@pytest.mark.parametrize("kind", ["html", "drop_before"])
def test_calls_go_on_with_a_token_that_holds_while_no_new_one_is_given(kind: Kind) -> None:
    async def test(lab: Lab) -> None:
        await ask(lab)
        lab.faults.add(Fault(kind=kind, endpoint="*corpAccessToken*", calls=None))
        await lab.clock.sleep(7_140.0)
        await ask(lab)
        await lab.clock.sleep(70.0)
        with pytest.raises(RetriableError):  # it holds no longer
            await ask(lab)
        lab.faults.clear()
        await ask(lab)

        assert lab.client.caller.tally.calls["", "token"] <= 5

    on_a_crm(test)


def test_many_calls_with_a_revoked_token_fetch_one_new_one() -> None:
    async def test(lab: Lab) -> None:
        await ask(lab)
        lab.crm.revoke_tokens()

        await asyncio.gather(*(ask(lab) for _ in range(10)))

        assert lab.crm.store.calls["token"] == 2

    on_a_crm(test)


def test_the_acting_employee_is_found_by_mobile_once() -> None:
    async def test(lab: Lab) -> None:
        user = await lab.client.caller.acting_user()
        for _ in range(3):
            await ask(lab)

        assert user == lab.crm.credentials["open_user_id"]
        assert lab.crm.store.calls["user/getByMobile"] == 1

    own_mobile = "13800000001"
    on_a_crm(test, open_user_id=None, mobile=own_mobile)


class Retelling:
    """A transport that tells one member of the answers of one path otherwise."""

    def __init__(self, inner: Transport, path: str, **members: object) -> None:
        self._inner = inner
        self._path = path
        self._members = members

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        if not call.path.startswith(self._path):
            return answer
        body = orjson.dumps({**orjson.loads(answer.body), **self._members})
        return replace(answer, body=body)

    async def close(self) -> None:
        await self._inner.close()


@pytest.mark.parametrize("seconds", ["soon", [None], {"a": 1}, None, "7200"])
def test_a_token_whose_life_nobody_can_read_is_used(seconds: object) -> None:
    async def test(lab: Lab) -> None:
        transport = Retelling(lab.transport, TOKEN_PATH, expiresIn=seconds)
        client, _ = make_client(lab.settings, transport, lab.clock, Random(1))

        await client.query("AccountObj", (), ("_id",), POLL)

    on_a_crm(test)


@pytest.mark.parametrize("people", ["x", 7, [None], [{"a": 1}], [[]]])
def test_an_answer_that_names_no_employee_is_no_failure_of_our_own(people: object) -> None:
    async def test(lab: Lab) -> None:
        transport = Retelling(lab.transport, BY_MOBILE_PATH, empList=people)
        client, _ = make_client(lab.settings, transport, lab.clock, Random(1))

        with pytest.raises((ConfigurationError, RetriableError)):
            await client.query("AccountObj", (), ("_id",), POLL)

    on_a_crm(test, open_user_id=None, mobile="13800000001")


def test_a_mobile_that_nobody_has_stops_the_start() -> None:
    async def test(lab: Lab) -> None:
        with pytest.raises(ConfigurationError, match="ANJI_FXIAOKE_MOBILE: 0 employees"):
            await ask(lab)

    on_a_crm(test, open_user_id=None, mobile="1")


def test_a_wrong_secret_is_told_as_such_and_asked_once() -> None:
    async def test(lab: Lab) -> None:
        with pytest.raises(AuthenticationError, match=r"token: .*appSecret"):
            await ask(lab)

        assert lab.crm.store.calls["token"] == 1

    on_a_crm(test, app_secret="wrong")


def test_another_account_than_the_one_that_is_set_stops_the_start() -> None:
    async def test(lab: Lab) -> None:
        with pytest.raises(ConfigurationError, match="ANJI_FXIAOKE_ENTERPRISE_ACCOUNT"):
            await ask(lab)

    on_a_crm(test, enterprise_account="another", **OAUTH)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cloud": "fxiaoke", "url": "http://x"}, "either cloud or url"),
        ({"open_user_id": "FSUID_1"}, "either cloud or url"),
        ({"cloud": "na"}, "either open_user_id or mobile"),
        ({"cloud": "na", "mobile": "1", "auth_style": "oauth"}, "oauth needs user_id"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    given: dict[str, str], words: str
) -> None:
    known = {"app_id": "a", "app_secret": "b", "permanent_code": "c", "open_user_id": "u"}
    if "mobile" not in given and words.startswith("either open"):
        del known["open_user_id"]

    with pytest.raises(ValueError, match=words):
        FxiaokeSettings.model_validate({**known, **given})


@pytest.mark.parametrize(
    ("cloud", "url"),
    [
        ("fxiaoke", "https://open.fxiaoke.com"),
        ("hwcloud", "https://open-hwcloud.fxiaoke.com"),
        ("ksc", "https://open-ksc.sharecrm.com"),
    ],
)
def test_each_cloud_has_its_address(cloud: str, url: str) -> None:
    known = {"app_id": "a", "app_secret": "b", "permanent_code": "c", "open_user_id": "u"}

    assert FxiaokeSettings.model_validate({**known, "cloud": cloud}).base_url == url


@pytest.mark.parametrize("style", [{}, OAUTH], ids=["old", "new"])
def test_an_acting_employee_who_is_nobody_stops_the_writer_and_no_record_is_blamed(
    style: dict[str, Any],
) -> None:
    async def test(lab: Lab) -> None:
        with pytest.raises(ConfigurationError, match="FSUID_NOBODY is none of the tenant's"):
            await lab.target.write([new_account(1)])

        assert lab.person.all("AccountObj") == []

    nobody = {"open_user_id": "FSUID_NOBODY", **style}
    on_a_crm(test, **(nobody | ({"user_id": "4711"} if style else {})))


def test_an_acting_employee_who_is_nobody_stops_the_source() -> None:
    async def test(lab: Lab) -> None:
        with pytest.raises(ConfigurationError, match="nothing is lost"):
            await ask(lab)

    on_a_crm(test, open_user_id="FSUID_NOBODY")


def test_another_employee_who_is_nobody_is_the_problem_of_that_command_alone() -> None:
    async def test(lab: Lab) -> None:
        good, bad = new_account(1), new_account(2, owner="FSUID_GONE")
        lab.faults.add(Fault(kind="code", endpoint="*/create", contains="FSUID_GONE", code=20012))

        (made_one, refused) = await lab.target.write([good, bad])

        assert made(made_one).outcome is Outcome.CREATED
        assert isinstance(refused, Refused)
        assert refused.code == "20012"

    on_a_crm(test)

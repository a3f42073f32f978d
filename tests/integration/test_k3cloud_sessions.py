"""Sessions against the sandbox: logins are rare, lost sessions are made anew, refusals end it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from anji_common.errors import AuthenticationError, VendorUnavailableError
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_k3cloud.wire import SessionLostError
from anji_sandbox.faults import Fault
from anji_sandbox.k3cloud import K3CloudSwitches
from labs.erp_lab import Erp, make_erp


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop()), **more))

    run_virtually(run())


async def ask(erp: Erp) -> None:
    data = {"FormId": "BD_Customer", "FieldKeys": "FCUSTID"}
    await erp.sessions.call("DynamicFormService.ExecuteBillQuery", {"data": data}, writes=False)


def logins(erp: Erp) -> int:
    """Count the logins since the start."""
    calls = erp.k3cloud.store.calls
    return sum(count for name, count in calls.items() if name.startswith(("validate", "login")))


def test_one_login_serves_many_calls() -> None:
    async def test(erp: Erp) -> None:
        for _ in range(10):
            await ask(erp)

        assert logins(erp) == 1

    on_an_erp(test, signed=False)


def test_signed_calls_need_no_login_and_keep_one_session() -> None:
    async def test(erp: Erp) -> None:
        for _ in range(10):
            await ask(erp)

        assert logins(erp) == 0
        assert erp.k3cloud.store.next_number("k3cloud session") == 2

    on_an_erp(test)


def test_no_more_calls_at_once_than_sessions() -> None:
    async def test(erp: Erp) -> None:
        erp.transport.latency_seconds = 1.0
        began = erp.clock.monotonic()

        await asyncio.gather(*(ask(erp) for _ in range(6)))

        assert erp.clock.monotonic() - began == pytest.approx(3 * 2.0)

    on_an_erp(test, sessions=2)


def test_a_call_that_waits_too_long_for_a_session_is_not_sent() -> None:
    async def test(erp: Erp) -> None:
        erp.transport.latency_seconds = 20.0
        first = asyncio.create_task(ask(erp))
        await erp.clock.sleep(0)

        with pytest.raises(VendorUnavailableError, match="busy"):
            await ask(erp)

        await first
        assert erp.transport.sent == 1

    on_an_erp(test, sessions=1)


@pytest.mark.parametrize("shape", ["object", "list", "bare"])
def test_a_lost_session_is_made_anew_whatever_its_shape(shape: Any) -> None:  # noqa: ANN401 - one of three texts
    async def test(erp: Erp) -> None:
        await ask(erp)
        erp.k3cloud.sessions.end_all()

        await ask(erp)

        assert logins(erp) == 2

    on_an_erp(test, signed=False, switches=K3CloudSwitches(session_lost_shape=shape))


def test_a_session_idle_for_nineteen_minutes_is_not_trusted() -> None:
    async def test(erp: Erp) -> None:
        await ask(erp)
        await erp.clock.sleep(19 * 60 + 1)

        await ask(erp)

        assert logins(erp) == 2

    on_an_erp(test, signed=False, sessions=1)


def test_a_wrong_password_is_tried_once_whoever_asks() -> None:
    async def test(erp: Erp) -> None:
        answers = await asyncio.gather(*(ask(erp) for _ in range(8)), return_exceptions=True)

        assert all(isinstance(answer, AuthenticationError) for answer in answers)
        assert "用户名或密码错误" in str(answers[0])
        assert logins(erp) == 1

    on_an_erp(test, signed=False, password="wrong")


def test_a_wrong_app_secret_is_an_authentication_error() -> None:
    async def test(erp: Erp) -> None:
        with pytest.raises(AuthenticationError):
            await ask(erp)

    on_an_erp(test, app_secret="0" * 32)


def test_a_wrong_account_set_is_an_authentication_error() -> None:
    async def test(erp: Erp) -> None:
        with pytest.raises(AuthenticationError, match="ACCT_ID"):
            await ask(erp)

    on_an_erp(test, acct_id="another")


def test_a_page_instead_of_a_login_is_no_wrong_password() -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(Fault(kind="html", endpoint="*ValidateUser*"))
        with pytest.raises(VendorUnavailableError):
            await ask(erp)

        await ask(erp)

    on_an_erp(test, signed=False)


def test_the_users_id_is_learnt_once() -> None:
    async def test(erp: Erp) -> None:
        assert await erp.sessions.user_id() == "100001"
        assert await erp.sessions.user_id() == "100001"

        assert logins(erp) == 1

    on_an_erp(test)


def test_a_user_id_that_is_set_needs_no_login() -> None:
    async def test(erp: Erp) -> None:
        assert await erp.sessions.user_id() == "7"

        assert logins(erp) == 0

    on_an_erp(test, user_id="7")


@pytest.mark.parametrize("auth", ["login_by_sign", "login_by_app_secret"])
def test_an_app_can_log_in_instead_of_signing(auth: str) -> None:
    async def test(erp: Erp) -> None:
        await ask(erp)
        await ask(erp)

        service = auth.replace("_", "")
        assert {name for name in erp.k3cloud.store.calls if "login" in name} == {service}
        assert logins(erp) == 1

    on_an_erp(test, auth=auth)


@pytest.mark.parametrize(
    ("more", "words", "advice"),
    [
        ({"signed": False, "password": "wrong"}, "用户名或密码错误", "ANJI_K3CLOUD_PASSWORD"),
        ({"auth": "password", "acct_id": "x"}, "数据中心无法获取", "ANJI_K3CLOUD_ACCT_ID"),
        (
            {"auth": "login_by_sign", "app_secret": "0" * 32},
            "002005000003016",
            "ANJI_K3CLOUD_APP_SECRET",
        ),
        ({"auth": "login_by_sign", "username": "zhangwei"}, "不允许用户", "authorise"),
        ({"app_secret": "0" * 32}, "会话信息已丢失", "IP allow-list"),
    ],
)
def test_a_refused_login_says_why_and_what_to_do(
    more: dict[str, Any], words: str, advice: str
) -> None:
    async def test(erp: Erp) -> None:
        with pytest.raises(AuthenticationError) as caught:
            await ask(erp)

        assert words in str(caught.value)
        assert advice in str(caught.value)

    on_an_erp(test, **more)


def test_a_write_that_met_a_lost_session_is_not_sent_again_by_itself() -> None:
    async def test(erp: Erp) -> None:
        await ask(erp)
        erp.k3cloud.sessions.end_all()
        before = erp.transport.sent

        with pytest.raises(SessionLostError):
            await erp.sessions.call("DynamicFormService.Save", {"formid": "X"}, writes=True)

        assert erp.transport.sent == before + 1

    on_an_erp(test, signed=False, sessions=1)


def test_where_calls_are_signed_a_refused_login_for_the_users_id_stops_nothing() -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(Fault(kind="code", endpoint="*LoginBySign*", code=0, words="no"))

        assert await erp.sessions.user_id() is None

        await ask(erp)

    on_an_erp(test)


def test_a_login_that_comes_with_a_licence_warning_is_a_login() -> None:
    async def test(erp: Erp) -> None:
        await ask(erp)

        assert await erp.sessions.user_id() == "100001"
        assert erp.sessions.site is not None
        assert erp.sessions.site.warning

    on_an_erp(test, signed=False, switches=K3CloudSwitches(licence_warning=True))


def test_an_older_servers_login_by_sign_is_accepted() -> None:
    async def test(erp: Erp) -> None:
        await ask(erp)

    switches = K3CloudSwitches(login_sign_algorithm="sha1")
    on_an_erp(test, auth="login_by_sign", login_sign_hash="sha1", switches=switches)


def test_answers_packed_as_base64_of_gzip_are_read() -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(Fault(kind="zipped", calls=None))

        await ask(erp)

    on_an_erp(test, signed=False)

"""``anji k3cloud check``: a line for each thing that was looked at, well or what to do."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from anji.sandboxes import settings_of as settings_for
from anji_common.interest import FieldInterest, FieldKind, Interest, ObjectInterest
from anji_common.refs import System
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.transport import Answer, Call
from anji_k3cloud.checking import Line, check
from anji_k3cloud.service import Connection
from anji_sandbox.faults import Fault
from anji_sandbox.http import serve
from anji_sandbox.k3cloud import K3CloudCore, K3CloudSwitches
from anji_sandbox.store import Store
from labs.erp_lab import INTEREST, Erp, make_erp, settings_of
from labs.processes import heard_out
from labs.sandbox_transport import SandboxTransport

Found = dict[str, list[Line]]


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]], **more: Any) -> None:  # noqa: ANN401 - passed on
    async def run() -> None:
        await test(make_erp(LoopClock(asyncio.get_running_loop()), **more))

    run_virtually(run())


async def lines(erp: Erp, interest: Interest = INTEREST, **more: object) -> Found:
    settings = settings_of(erp.k3cloud, **more)  # type: ignore[arg-type]  # a test's own settings
    connection = Connection.over(settings, erp.clock, erp.transport)
    return await found(connection, interest)


async def found(connection: Connection, interest: Interest) -> Found:
    by_subject: Found = {}
    async for line in check(connection, interest):
        by_subject.setdefault(line.subject, []).append(line)
    return by_subject


def to_do(found: Found) -> dict[str, str]:
    return {
        subject: " ".join(line.words for line in each if not line.is_well)
        for subject, each in found.items()
        if not all(line.is_well for line in each)
    }


def test_an_account_set_that_is_well_has_no_line_to_do() -> None:
    async def test(erp: Erp) -> None:
        seen = await lines(erp)

        assert to_do(seen) == {}
        assert list(seen) == [
            "login", "server version", "licence", "time zone", "integration user", "clock",
            "organisations", "BD_Customer", "SAL_SaleOrder",
        ]  # fmt: skip
        assert "8.2.0.0" in seen["server version"][0].words
        assert "100 " in seen["organisations"][0].words

    on_an_erp(test)


def test_a_refused_login_ends_the_check_with_what_to_do() -> None:
    async def test(erp: Erp) -> None:
        seen = await lines(erp, signed=False, password="wrong")

        assert list(seen) == ["login"]
        assert "ANJI_K3CLOUD_PASSWORD" in seen["login"][0].words

    on_an_erp(test)


def test_a_site_that_is_down_ends_the_check_with_what_to_do() -> None:
    async def test(erp: Erp) -> None:
        erp.transport.is_down = True

        seen = await lines(erp)

        assert "ANJI_K3CLOUD_URL" in to_do(seen)["login"]

    on_an_erp(test)


def test_what_the_site_lacks_is_named_with_the_nearest_name() -> None:
    async def test(erp: Erp) -> None:
        customer = ObjectInterest(
            "BD_Customer",
            "FCUSTID",
            "FNumber",
            (FieldInterest("FShortNam"), FieldInterest("ftel")),
        )
        order = ObjectInterest(
            "SAL_SaleOrder",
            "FID",
            "FBillNo",
            (FieldInterest("FCustomerID", FieldKind.REFERENCE, "BD_Customer"),),
        )
        nothing = ObjectInterest("BD_NoSuch", "FID", "FNumber", ())

        seen = await lines(erp, Interest(System.K3CLOUD, (customer, order, nothing)))

        missing = to_do(seen)
        assert "FShortNam: no such field; is it FShortName?" in missing["BD_Customer"]
        assert "FCustomerID: no such field; is it FCustId?" in missing["SAL_SaleOrder"]
        assert "标识为“BD_NoSuch”的业务对象不存在" in missing["BD_NoSuch"]
        assert any("ftel is spelled FTEL" in line.words for line in seen["BD_Customer"])

    on_an_erp(test)


def test_a_field_that_is_mapped_as_another_kind_than_it_is_there_is_told() -> None:
    async def test(erp: Erp) -> None:
        fields = (FieldInterest("FDate", FieldKind.DECIMAL), FieldInterest("FNote"))
        order = ObjectInterest("SAL_SaleOrder", "FID", "FBillNo", fields)

        seen = await lines(erp, Interest(System.K3CLOUD, (order,)))

        assert "FDate is mapped as decimal, and is date there" in to_do(seen)["SAL_SaleOrder"]

    on_an_erp(test)


def test_a_user_who_is_not_on_the_webapi_list_is_told_where_that_is() -> None:
    async def test(erp: Erp) -> None:
        words = "当前用户未指定允许调用WebAPI接口"
        erp.faults.add(Fault(kind="code", endpoint="*Query*", code=11, words=words, calls=None))

        seen = await lines(erp)

        assert words in to_do(seen)["WebAPI"]

    on_an_erp(test)


def test_settings_that_do_not_fit_the_site_are_told() -> None:
    async def test(erp: Erp) -> None:
        seen = await lines(erp, utc_offset_hours=9, org_number="999")

        assert "ANJI_K3CLOUD_UTC_OFFSET_HOURS" in to_do(seen)["time zone"]
        assert "ANJI_K3CLOUD_ORG_NUMBER" in to_do(seen)["organisations"]

    on_an_erp(test)


class _Late:
    """A transport to a site whose clock is 13 minutes ahead."""

    def __init__(self, inner: SandboxTransport) -> None:
        self._inner = inner

    async def send(self, call: Call) -> Answer:
        answer = await self._inner.send(call)
        headers = {**answer.headers, "date": "Mon, 05 Jan 2026 12:00:00 GMT"}
        return Answer(answer.status, headers, answer.body, answer.cookies)

    async def close(self) -> None:
        await self._inner.close()


def test_clocks_that_differ_are_told() -> None:
    async def test(erp: Erp) -> None:
        settings = settings_of(erp.k3cloud)
        connection = Connection.over(settings, erp.clock, _Late(erp.transport))

        seen = await found(connection, Interest(System.K3CLOUD, ()))

        assert "from ours" in to_do(seen)["clock"]

    on_an_erp(test)


def test_a_site_that_describes_nothing_is_asked_field_by_field() -> None:
    async def test(erp: Erp) -> None:
        erp.faults.add(
            Fault(kind="code", endpoint="*QueryBusinessInfo*", code=2, words="无权限", calls=None)
        )

        seen = await lines(erp)

        assert to_do(seen) == {}
        assert "names are taken as typed" in seen["BD_Customer"][0].words

    on_an_erp(test, switches=K3CloudSwitches())


async def typed(home: Path, known: dict[str, str], *words: str) -> tuple[int, str]:
    """Run the command as a person types it; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("anji")), "k3cloud", *words,
        env={"ANJI_HOME": str(home), "PATH": "/usr/bin:/bin", **known},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await asyncio.wait_for(heard_out(process), 60.0)
    return process.returncode or 0, told.decode()


async def test_the_commands_as_they_are_typed(tmp_path: Path) -> None:
    erp = K3CloudCore(Store())
    async with serve(erp) as server:
        url = f"{server.url}/k3cloud/"
        known = dict(settings_for({"k3cloud": {**erp.credentials, "url": url}}))
        forms = await typed(tmp_path, known, "forms")
        described = await typed(tmp_path, known, "describe", "SAL_SaleOrder")
        checked = await typed(tmp_path, known, "check")
        unknown = await typed(tmp_path, known, "describe", "BD_NoSuch")

    assert forms[0] == described[0] == checked[0] == 0, (forms, described, checked)
    rows = {line.split()[0]: line for line in forms[1].splitlines() if line.strip()}
    assert "FSaleOrderEntry" in rows["SAL_SaleOrder"]
    assert " yes " in rows["BD_Customer"]
    assert "FSaleOrderEntry_FEntryId" in described[1]
    assert "FCustId, FCustId.FNumber, FCustId.FName" in described[1]
    assert "ok    SAL_SaleOrder" in checked[1]
    assert unknown[0] == 1
    assert "BD_NoSuch" in unknown[1]

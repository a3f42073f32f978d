"""What a missing answer means, by how far the request came. Real sockets on this machine."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from anji_common.clock import SystemClock
from anji_common.errors import InDoubtError, VendorUnavailableError
from anji_common.http_transport import HttpTransport
from anji_common.transport import Call

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
READ = Call("cgi/query", b"{}")
WRITE = Call("cgi/save", b"{}", writes=True)


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """Yield the port of a vendor that answers by `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@asynccontextmanager
async def vendor(handler: Handler) -> AsyncIterator[HttpTransport]:
    """Yield a transport to a vendor that answers by `handler`."""
    async with listening(handler) as port, transport(port) as made:
        yield made


@asynccontextmanager
async def transport(port: int, scheme: str = "http") -> AsyncIterator[HttpTransport]:
    made = HttpTransport(f"{scheme}://127.0.0.1:{port}/base", system="crm", clock=SystemClock())
    try:
        yield made
    finally:
        await made.close()


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def test_an_answer_comes_whole_with_lower_case_headers_and_cookies() -> None:
    async def answers(request: web.Request) -> web.Response:
        said = web.Response(status=502, body=request.path.encode(), headers={"X-Trace": "7"})
        said.set_cookie("kdservice-sessionid", "abc")
        return said

    async with vendor(answers) as made:
        answer = await made.send(READ)

    assert (answer.status, answer.body) == (502, b"/base/cgi/query")
    assert answer.headers["x-trace"] == "7"
    assert answer.cookies == {"kdservice-sessionid": "abc"}


async def test_a_cookie_is_never_sent_back_by_itself() -> None:
    async def answers(request: web.Request) -> web.Response:
        said = web.Response(text=request.headers.get("Cookie", "none"))
        said.set_cookie("session", "abc")
        return said

    async with vendor(answers) as made:
        await made.send(READ)
        answer = await made.send(READ)

    assert answer.body == b"none"


async def test_a_compressed_answer_is_read() -> None:
    async def answers(request: web.Request) -> web.Response:
        assert "gzip" in request.headers["Accept-Encoding"]
        return web.Response(body=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})

    async with vendor(answers) as made:
        answer = await made.send(READ)

    assert answer.body == b"{}"


async def test_a_redirect_is_an_answer_like_any_other() -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with vendor(answers) as made:
        answer = await made.send(WRITE)

    assert answer.status == 302


async def test_a_refused_connection_wrote_nothing() -> None:
    async with transport(closed_port()) as made:
        with pytest.raises(VendorUnavailableError, match="cgi/save"):
            await made.send(WRITE)


async def test_a_write_whose_connection_broke_is_in_doubt() -> None:
    async with vendor(hangs_up) as made:
        with pytest.raises(InDoubtError):
            await made.send(WRITE)


async def test_a_read_whose_connection_broke_is_not_in_doubt() -> None:
    async with vendor(hangs_up) as made:
        with pytest.raises(VendorUnavailableError):
            await made.send(READ)


async def test_a_write_is_sent_once_even_on_a_kept_connection_that_died() -> None:
    sent = 0

    async def answers_once(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        sent += 1
        return web.Response() if sent == 1 else await hangs_up(request)

    async with vendor(answers_once) as made:
        await made.send(WRITE)
        with pytest.raises(InDoubtError):
            await made.send(WRITE)

    assert sent == 2


async def test_a_write_that_got_no_answer_in_time_is_in_doubt() -> None:
    released = asyncio.Event()

    async def answers_late(_request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    async with vendor(answers_late) as made:
        with pytest.raises(InDoubtError):
            await made.send(Call("cgi/save", b"", writes=True, timeout_seconds=0.05))
        released.set()


async def test_an_answer_cut_off_in_the_middle_leaves_a_write_in_doubt() -> None:
    async def cuts_off(request: web.Request) -> web.StreamResponse:
        said = web.StreamResponse(headers={"Content-Length": "100"})
        await said.prepare(request)
        await said.write(b"half")
        return await hangs_up(request)

    async with vendor(cuts_off) as made:
        with pytest.raises(InDoubtError):
            await made.send(WRITE)


async def test_a_server_without_a_certificate_that_we_trust_is_unavailable() -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response()

    async with listening(answers) as port, transport(port, "https") as made:
        with pytest.raises(VendorUnavailableError):
            await made.send(WRITE)


async def test_a_write_by_a_method_that_http_clients_repeat_is_refused() -> None:
    async with transport(closed_port()) as made:
        with pytest.raises(ValueError, match="might be sent twice"):
            await made.send(Call("x", b"", method="PUT", writes=True))

"""The thin HTTP skin: serves a core on a port, and posts the callbacks of one that calls.

Vendor paths go to the core as they are. Everything that starts with ``/_`` is for administrators
(no vendor has such paths) and can be put on a port of its own: ``/_faults`` (GET, POST, DELETE),
``/_log`` (calls, writes, records), and what the core adds. All other paths of that port are the
vendor's, and no fault hits them: there people work by script while others suffer. ``/`` is a page
for people, on which they look at records and create and edit them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from anji_sandbox.core import (
    AdministeredCore,
    CallingCore,
    Core,
    MeteredCore,
    Request,
    StoredCore,
)
from anji_sandbox.faults import Faults, FaultyCore, SparedCore
from anji_sandbox.pages import page, save

__all__ = ["Server", "serve"]

_ANSWER_SECONDS = 3.0
"""The vendor waits so long for the answer to a callback."""
_MOST_POSTS = 50
_MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Server:
    """One sandbox that is being served."""

    url: str
    """Without a slash at the end."""
    admin_url: str
    core: FaultyCore

    @property
    def faults(self) -> Faults:
        """Return the rules of what goes wrong."""
        return self.core.faults


@asynccontextmanager
async def serve(
    core: StoredCore,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    admin_port: int | None = None,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[Server]:
    """Serve a core until the block ends; port 0 takes any free one.

    A `FaultyCore` is served as it is, any other core behind one without rules. Without
    `admin_port` the admin paths are on the same port as the vendor's.
    """
    faulty = core if isinstance(core, FaultyCore) else FaultyCore(core, Faults())
    skin = _Skin(faulty, now)
    async with AsyncExitStack() as stack:
        vendor_app = skin.vendor_app(is_admin_too=admin_port is None)
        url = await stack.enter_async_context(_listening(vendor_app, host, port))
        admin_url = url
        if admin_port is not None:
            admin_app = skin.admin_app()
            admin_url = await stack.enter_async_context(_listening(admin_app, host, admin_port))
        delivery = asyncio.create_task(skin.deliver())
        try:
            yield Server(url, admin_url, faulty)
        finally:
            skin.stop()
            await delivery


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class _Skin:
    """The handlers of one served core."""

    def __init__(self, core: FaultyCore, now: Callable[[], float]) -> None:
        self._core = core
        self._now = now
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def vendor_app(self, *, is_admin_too: bool) -> web.Application:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        if is_admin_too:
            self._add_admin(app)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    def admin_app(self) -> web.Application:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        self._add_admin(app)
        app.router.add_route("*", "/{path:.*}", self._answer_spared)
        return app

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()

    async def deliver(self) -> None:
        """Post callbacks and commit what was left for later, when it is due, until stopped."""
        posts: set[asyncio.Task[None]] = set()
        async with ClientSession(timeout=ClientTimeout(_ANSWER_SECONDS)) as session:
            while not self._stopping.is_set():
                self._woken.clear()
                self._core.settle(self._now())
                calling = self._core.core
                if isinstance(calling, CallingCore) and len(posts) < _MOST_POSTS:
                    for event_id, body in calling.due_callbacks(self._now()):
                        task = asyncio.create_task(self._post(session, calling, event_id, body))
                        posts.add(task)
                        task.add_done_callback(posts.discard)
                # With all posts under way there is nothing to do before one of them ends.
                is_full = len(posts) >= _MOST_POSTS
                await self._wait(self._woken, None if is_full else self._next_at())
            for task in posts:
                task.cancel()
            await asyncio.gather(*posts, return_exceptions=True)

    def _next_at(self) -> float | None:
        calling = self._core.core
        moments = [self._core.next_late_at()]
        if isinstance(calling, CallingCore):
            moments.append(calling.next_callback_at())
        return min((moment for moment in moments if moment is not None), default=None)

    async def _wait(self, event: asyncio.Event, moment: float | None) -> None:
        """Wait for the event, or for a moment if one is given."""
        seconds = None if moment is None else max(0.0, moment - self._now())
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return

    async def _post(
        self, session: ClientSession, calling: CallingCore, event_id: str, body: bytes
    ) -> None:
        is_accepted = False
        try:
            headers = {"Content-Type": "application/json"}
            async with session.post(calling.callback_url or "", data=body, headers=headers) as got:
                is_accepted = calling.callback_accepts(got.status, await got.read())
        except (ClientError, TimeoutError, ValueError):
            is_accepted = False
        calling.callback_answered(event_id, is_accepted, self._now())
        self._woken.set()

    async def _answer_spared(self, request: web.Request) -> web.StreamResponse:
        return await self._answer_from(SparedCore(self._core), request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        return await self._answer_from(self._core, request)

    async def _answer_from(self, core: Core, request: web.Request) -> web.StreamResponse:
        if request.path == "/" and request.method in ("GET", "POST"):
            return await self._page(request)
        answer = core.handle(
            Request(
                method=request.method,
                path=request.path,
                query=request.query,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            ),
            self._now(),
        )
        self._woken.set()
        if answer.delay_seconds > 0:
            await self._wait(self._stopping, self._now() + answer.delay_seconds)
        if answer.dropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _page(self, request: web.Request) -> web.Response:
        """Show the page; after a form that the vendor took, show the record anew."""
        asked = {name: str(value) for name, value in request.query.items()}
        words = ""
        if request.method == "POST":
            asked = {name: str(value) for name, value in (await request.post()).items()}
            try:
                place = save(self._core.core, asked, self._now())
            except (LookupError, ValueError) as error:
                words = str(error)
            else:
                self._woken.set()
                return web.Response(status=303, headers={"Location": place})
        return web.Response(text=page(self._core.core, asked, words), content_type="text/html")

    def _add_admin(self, app: web.Application) -> None:
        app.router.add_route("*", "/_{name:[a-z]+}", self._administer)

    async def _administer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            body = orjson.loads(await request.read() or b"null")
            answer = self._administered(request.method, name, body)
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        except LookupError:
            return web.json_response({"error": f"no such endpoint: {name}"}, status=404)
        self._woken.set()
        return web.Response(body=orjson.dumps(answer), content_type="application/json")

    def _administered(self, method: str, name: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        faults, store = self._core.faults, self._core.store
        match method, name:
            case "GET", "log":
                records = {kind: store.count(kind) for kind in store.kinds()}
                return {"calls": store.calls, "writes": store.writes, "records": records}
            case "GET", "faults":
                return self._faults_told()
            case "POST", "faults":
                faults.add_json(self._without_quota(body), self._core.fault_kinds())
                return self._faults_told()
            case "DELETE", "faults":
                faults.clear()
                return self._faults_told()
            case _:
                pass
        if isinstance(self._core.core, AdministeredCore):
            return self._core.core.administer(method, name, body)
        raise LookupError(name)

    def _faults_told(self) -> dict[str, Any]:
        metered = self._core.core
        if not isinstance(metered, MeteredCore):
            return self._core.faults.to_json()
        return {**self._core.faults.to_json(), "quota_left": metered.quota_left(self._now())}

    def _without_quota(self, body: Any) -> Any:  # noqa: ANN401 - JSON
        """Take ``{"quota_left": 5}`` out of what is posted, and do it; the rest is rules."""
        if not (isinstance(body, dict) and set(body) == {"quota_left"}):
            return body
        left, metered = body["quota_left"], self._core.core
        if not isinstance(metered, MeteredCore) or not isinstance(left, int) or left < 0:
            msg = f"quota_left {left}: {metered.name} has no daily quota, or it is no count"
            raise ValueError(msg)
        metered.leave_quota(left, self._now())
        return []

"""Health: ``/livez``, ``/readyz`` and ``/metrics`` on one port.

`/livez` says that the process turns; `/readyz` that it does its work: every check passes. A vendor
that is down makes nothing unready: a restart would not help, and waiting is our work then.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["Check", "Health", "serve_health"]

Check = Callable[[], str | None]
"""Says what is amiss, in words, or `None`. Called on every probe: quick, and raises nothing."""


class Health:
    """What readiness depends on."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        """Register a check; one of the same name is replaced."""
        self._checks[name] = check

    def amiss(self) -> dict[str, str]:
        """Return what is amiss: name of the check → words. Empty: ready."""
        found = {name: check() for name, check in self._checks.items()}
        return {name: words for name, words in found.items() if words is not None}


@asynccontextmanager
async def serve_health(health: Health, *, host: str, port: int) -> AsyncIterator[int]:
    """Listen as long as the context lasts; yields the port, which the system chose for 0.

    Raises:
        OSError: the port is taken.
    """

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        amiss = health.amiss()
        return web.Response(
            status=503 if amiss else 200,
            body=orjson.dumps({"ready": not amiss, "amiss": amiss}) + b"\n",
            content_type="application/json",
        )

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes(
        [web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()

"""A real Anji, in processes of its own that can be killed, between two real sandboxes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from anji.oracle import judge
from anji.people import CrmUser, ErpUser
from anji.sandboxes import settings_of
from anji.simulation.chance import seeded
from anji.simulation.crowd import Crowd
from anji.simulation.journal import Journal
from anji_common.clock import SystemClock
from anji_common.http_transport import HttpTransport
from anji_sandbox.fxiaoke import FxiaokeCore, FxiaokeLimits
from anji_sandbox.http import Server, serve
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.store import Store
from labs.processes import AnjiProcess, discard_all

__all__ = [
    "Company",
    "StillNotError",
    "begun",
    "both_sides_agree",
    "company",
    "until",
    "until_begun",
]

_RAISED = FxiaokeLimits(calls_per_window=10**6, daily_calls=10**9)
_LOOK_SECONDS = 0.1
_OBJECTS = 8
"""Four link types are on unless settings say otherwise, both sides."""
_CLOCK = SystemClock()


class StillNotError(AssertionError):
    """What was waited for has not come in time."""


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, *, seconds: float = 90.0
) -> None:
    """Wait for `condition`; fail with `what` if it does not come."""
    end = _CLOCK.monotonic() + seconds
    while _CLOCK.monotonic() < end:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        await _CLOCK.sleep(_LOOK_SECONDS)
    msg = f"after {seconds} s still not: {what}"
    raise StillNotError(msg)


async def until_begun(log: Path) -> None:
    """Wait until every source has begun: what people do then is news (``protocol.md`` 23)."""
    await until(
        lambda: log.exists() and log.read_bytes().count(b"source.begun") >= _OBJECTS,
        "every source has begun",
    )


@dataclass
class Company:
    """Both sandboxes over HTTP, with people in them."""

    folder: Path
    crm_core: FxiaokeCore
    erp_core: K3CloudCore
    servers: dict[str, tuple[AsyncExitStack, Server]] = field(default_factory=dict)

    async def open(self, name: str) -> None:
        """Let one system answer, at the same address as before."""
        core = self.crm_core if name == "fxiaoke" else self.erp_core
        port = self._ports.get(name, 0)
        stack = AsyncExitStack()
        server = await stack.enter_async_context(serve(core, port))
        self._ports[name] = int(server.url.rstrip("/").rpartition(":")[2].partition("/")[0])
        self.servers[name] = (stack, server)

    async def shut(self, name: str) -> None:
        """Let one system answer no more."""
        stack, _ = self.servers.pop(name)
        await stack.aclose()

    _ports: dict[str, int] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """What `anji up` must be told."""
        crm = {**self.crm_core.credentials, "url": f"http://127.0.0.1:{self._ports['fxiaoke']}"}
        erp = {
            **self.erp_core.credentials,
            "url": f"http://127.0.0.1:{self._ports['k3cloud']}/k3cloud/",
        }
        return {
            **settings_of({"fxiaoke": crm, "k3cloud": erp}),
            "ANJI_HOME": str(self.folder / "home"),
            "ANJI_HEALTH_PORT": "0",
            "ANJI_FXIAOKE_CALLS_PER_WINDOW": str(10**6),
            "ANJI_FXIAOKE_CALLS_PER_DAY": str(10**9),
            "ANJI_FXIAOKE_POLL_SECONDS": "0.5",
            "ANJI_K3CLOUD_POLL_SECONDS": "0.5",
            "ANJI_WRITER_PAUSE_SECONDS": "5",
            "ANJI_WRITER_PROCESSING_SECONDS": "5",
        }

    @asynccontextmanager
    async def people(self) -> AsyncIterator[tuple[CrmUser, ErpUser, Crowd]]:
        """Yield both users, and a crowd that works by hand."""
        urls = {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}
        crm_door = HttpTransport(urls["fxiaoke"], system="people", clock=_CLOCK)
        erp_door = HttpTransport(f"{urls['k3cloud']}/k3cloud/", system="people", clock=_CLOCK)
        crm = CrmUser(crm_door, self.crm_core.credentials)
        erp = ErpUser(erp_door, self.erp_core.credentials)
        try:
            yield crm, erp, Crowd(crm, erp, _CLOCK, seeded("people"), Journal(_CLOCK))
        finally:
            await crm_door.close()
            await erp_door.close()

    def made(self, what: str) -> int:
        """Return how often something was written, such as ``BD_Customer create``."""
        return self.crm_core.store.writes[what] + self.erp_core.store.writes[what]


@asynccontextmanager
async def company(folder: Path) -> AsyncIterator[Company]:
    """Yield two sandboxes, open."""
    crm = FxiaokeCore(Store(), limits=_RAISED, seed="killed")
    found = Company(folder, crm, K3CloudCore(Store(), seed=1))
    for name in ("fxiaoke", "k3cloud"):
        await found.open(name)
    try:
        yield found
    finally:
        discard_all()
        for name in tuple(found.servers):
            await found.shut(name)


@asynccontextmanager
async def begun(settings: Mapping[str, str], log: Path) -> AsyncIterator[AnjiProcess]:
    """Yield an `anji up` that has begun; it must end in order, without a trace in its log."""
    anji = AnjiProcess(settings, log)
    anji.start()
    try:
        await until_begun(log)
        yield anji
        assert await anji.end() == 0
        assert not _shows_a_trace(log)
    finally:
        anji.discard()


def _shows_a_trace(log: Path) -> bool:
    return "Traceback" in log.read_text()


async def both_sides_agree(crm: CrmUser, erp: ErpUser) -> bool:
    """Ask the oracle; a double fails at once, for it never goes away."""
    verdicts = await judge(crm, erp)
    doubled = [finding for each in verdicts.values() if each.doubled for finding in each.findings]
    assert doubled == []
    return all(verdict.agrees for verdict in verdicts.values())

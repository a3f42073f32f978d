"""``anji demo``: a made-up company works in a sandbox CRM and a sandbox ERP, Anji between them.

Both sandboxes and all services run in this process, joined by real HTTP and by the very broker
that ``anji up`` would use; only the company is made up. In the end both sides are compared by an
oracle that shares nothing with what it judges.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from anji.demo_hands import HandTransport
from anji.demo_measures import latencies, percentile, vendor_calls
from anji.demo_people import Company, Plan, lost_edits
from anji.installation import Installation
from anji.oracle import Verdict, judge
from anji.people import CrmUser, ErpUser
from anji.sandboxes import callback_url, free_port, settings_of
from anji.up import run_services
from anji_common.broker.port import Broker
from anji_common.clock import Clock, SystemClock
from anji_common.errors import ConfigurationError
from anji_common.http_transport import HttpTransport
from anji_common.refs import System
from anji_common.topics import CHECKPOINTS
from anji_sandbox.cli import Sandboxes, sandboxes
from anji_sandbox.switches import FxiaokeLimits

__all__ = ["DemoOptions", "Progress", "Report", "run_demo"]

_RAISED = FxiaokeLimits(calls_per_window=100_000, tokens_per_minute=10, daily_calls=100_000_000)
_LOOK_SECONDS = 0.25
_QUIET_SECONDS = 2.0
"""After that long without a write on either side it is worth comparing."""
_PATIENCE_SECONDS = 60.0
"""After that long without a write nothing more is expected."""
_REAL_PATIENCE_SECONDS = 240.0
"""With the real limits a call may wait for several budget windows of 20 s."""
_START_SECONDS = 60.0
_HEADS = ("AccountObj", "ProductObj", "SalesOrderObj", "DeliveryNoteObj", "message")

Progress = Callable[[str, int], None]
"""Told what has been counted, and how many there are now."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How the demo is run; what is made is the `Plan`."""

    broker: str = "embedded"
    real_limits: bool = False
    """Keep the CRM's documented 100 calls per 20 s and interface."""


@dataclass(slots=True)
class Report:
    """What came out."""

    links: Mapping[str, Verdict]
    wrong: list[str]
    """What is not as it should be, in words; empty when both sides agree."""
    writes: Mapping[str, int]
    """Per system: records that Anji made, changed, submitted or audited, and messages."""
    calls: Mapping[str, int]
    latency_p50_seconds: float
    latency_p95_seconds: float
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether both sides hold the same, every record once, and no edit was lost."""
        return not self.wrong and all(verdict.agrees for verdict in self.links.values())

    @property
    def calls_per_record(self) -> Mapping[str, float]:
        """Anji's calls of each system per pair of records."""
        pairs = sum(verdict.linked for verdict in self.links.values())
        return {system: calls / max(pairs, 1) for system, calls in self.calls.items()}


@dataclass(slots=True)
class _Stage:
    """Where the demo takes place."""

    running: Sandboxes
    installation: Installation
    company: Company
    hands: Mapping[System, HandTransport]
    clock: Clock
    patience_seconds: float
    progress: Progress

    def writes(self) -> dict[System, int]:
        """Return what was written on each side so far, by people and by Anji."""
        crm = self.running.fxiaoke.core.store.writes
        erp = self.running.k3cloud.core.store.writes
        return {
            System.FXIAOKE: sum(n for what, n in crm.items() if what.split()[0] in _HEADS),
            System.K3CLOUD: sum(n for what, n in erp.items() if not what.endswith(" ship")),
        }

    def show(self) -> None:
        """Tell how far the records of people have come."""
        crm = self.running.fxiaoke.core.store.writes
        erp = self.running.k3cloud.core.store.writes
        self.progress("customers in the ERP", erp["BD_Customer create"])
        self.progress("orders audited in the ERP", erp["SAL_SaleOrder audit"])
        self.progress("delivery notes in the CRM", crm["DeliveryNoteObj create"])


@dataclass(slots=True)
class _Tally:
    """Counts what people do, and tells it."""

    progress: Progress
    counts: Counter[str] = field(default_factory=Counter)

    def did(self, what: str) -> None:
        """Count one thing more."""
        self.counts[what] += 1
        self.progress(what, self.counts[what])


async def run_demo(
    plan: Plan, options: DemoOptions, environment: Mapping[str, str], progress: Progress
) -> Report:
    """Let the company work, wait until nothing moves any more, compare, and report.

    Args:
        plan: How much is made.
        options: On which broker, under which limits.
        environment: Only ``ANJI_KAFKA_…`` is taken from it, for Kafka.
        progress: Told how far it is.

    Raises:
        FatalError: a service ended for good.
    """
    async with _staged(plan, options, environment, progress) as stage:
        began = stage.clock.monotonic()
        calls_before = vendor_calls()
        services = asyncio.create_task(run_services(stage.installation))
        try:
            async with stage.installation.runtime(makes=True) as runtime:
                await _ready(stage, runtime.broker, services)
                links, wrong = await _worked(stage, services)
                calls = vendor_calls()
                found = await latencies(runtime.broker, stage.installation.topics)
        finally:
            services.cancel()
            await asyncio.gather(services, return_exceptions=True)
        written = stage.writes()
        return Report(
            links=links,
            wrong=wrong,
            writes={each.value: written[each] - stage.hands[each].writes for each in System},
            calls={each.value: calls[each] - calls_before.get(each, 0) for each in System},
            latency_p50_seconds=percentile(found, 0.5),
            latency_p95_seconds=percentile(found, 0.95),
            seconds=stage.clock.monotonic() - began,
        )


@asynccontextmanager
async def _staged(
    plan: Plan, options: DemoOptions, environment: Mapping[str, str], progress: Progress
) -> AsyncIterator[_Stage]:
    """Put everything up, with what the company had before Anji came."""
    clock = SystemClock()
    port = free_port()
    limits = FxiaokeLimits() if options.real_limits else _RAISED
    with TemporaryDirectory(prefix="anji-demo-") as home:
        async with sandboxes(limits=limits, callback_url=callback_url(port)) as running:
            settings = _settings(running, options, environment, Path(home), port)
            hands = {
                system: HandTransport(
                    HttpTransport(
                        str(running.credentials[system.value]["url"]),
                        system="people",
                        clock=clock,
                    ),
                    clock,
                )
                for system in System
            }
            crm = CrmUser(hands[System.FXIAOKE], _texts(running, System.FXIAOKE))
            erp = ErpUser(hands[System.K3CLOUD], running.credentials[System.K3CLOUD.value])
            tally = _Tally(progress)
            stage = _Stage(
                running=running,
                installation=Installation.read(settings),
                company=Company(plan, crm, erp, clock, tally.did),
                hands=hands,
                clock=clock,
                patience_seconds=(
                    _REAL_PATIENCE_SECONDS if options.real_limits else _PATIENCE_SECONDS
                ),
                progress=progress,
            )
            try:
                await stage.company.before()
                yield stage
            finally:
                for hand in hands.values():
                    await hand.close()


def _settings(
    running: Sandboxes,
    options: DemoOptions,
    environment: Mapping[str, str],
    home: Path,
    callback_port: int,
) -> dict[str, str]:
    settings = {
        **settings_of(running.credentials),
        "ANJI_HOME": str(home),
        "ANJI_BROKER": options.broker,
        "ANJI_HEALTH_PORT": "0",
        "ANJI_FXIAOKE_CALLBACK_PORT": str(callback_port),
        "ANJI_K3CLOUD_POLL_SECONDS": "1",
    }
    if not options.real_limits:
        settings["ANJI_FXIAOKE_CALLS_PER_WINDOW"] = str(_RAISED.calls_per_window)
        settings["ANJI_FXIAOKE_CALLS_PER_DAY"] = str(_RAISED.daily_calls)
    if options.broker == "kafka":
        settings |= {k: v for k, v in environment.items() if k.startswith("ANJI_KAFKA_")}
        settings["ANJI_TOPIC_PREFIX"] = f"demo-{uuid4().hex[:8]}."
    return settings


async def _ready(stage: _Stage, broker: Broker, services: asyncio.Task[None]) -> None:
    """Wait until every source has begun: what people do from then on is news."""
    wanted = 2 * len(stage.installation.mappings.types)
    async with asyncio.timeout(_START_SECONDS):
        while await _checkpoints(broker, services) < wanted:
            await stage.clock.sleep(_LOOK_SECONDS)


async def _checkpoints(broker: Broker, services: asyncio.Task[None]) -> int:
    if services.done():
        await services
    try:
        return sum((await broker.ends(CHECKPOINTS.name)).values())
    except ConfigurationError:
        return 0  # the topics are being made


async def _worked(
    stage: _Stage, services: asyncio.Task[None]
) -> tuple[dict[str, Verdict], list[str]]:
    """Let people work; return what the oracle says once nothing moves any more."""
    people = asyncio.create_task(stage.company.during())
    try:
        return await _settled(stage, services, people)
    finally:
        people.cancel()
        await asyncio.gather(people, return_exceptions=True)


async def _settled(
    stage: _Stage, services: asyncio.Task[None], people: asyncio.Task[None]
) -> tuple[dict[str, Verdict], list[str]]:
    clock = stage.clock
    before, moved_at = stage.writes(), clock.monotonic()
    while True:
        await clock.sleep(_LOOK_SECONDS)
        stage.show()
        for task in (services, people):
            if task.done():
                task.result()
        if (now := stage.writes()) != before:
            before, moved_at = now, clock.monotonic()
            continue
        quiet = clock.monotonic() - moved_at
        if quiet < _QUIET_SECONDS or (not people.done() and quiet < stage.patience_seconds):
            continue
        links, wrong = await _judged(stage, is_done=people.done())
        agrees = not wrong and all(verdict.agrees for verdict in links.values())
        if quiet >= stage.patience_seconds or (agrees and stage.writes() == before):
            return links, wrong


async def _judged(stage: _Stage, *, is_done: bool) -> tuple[dict[str, Verdict], list[str]]:
    company = stage.company
    links = await judge(company.crm, company.erp)
    wrong = [
        f"{found.link_type} {found.record}: {found.words}"
        for verdict in links.values()
        for found in verdict.findings
    ]
    wrong += await lost_edits(company)
    if not is_done:
        wrong.append("people still wait for something that never came")
    sent = stage.running.fxiaoke.core.store.writes["message send"]
    wanted = company.plan.shipped
    if sent != wanted:
        wrong.append(f"{sent} messages to owners of orders, for {wanted} shipments")
    return links, wrong


def _texts(running: Sandboxes, system: System) -> dict[str, str]:
    return {key: str(value) for key, value in running.credentials[system.value].items()}

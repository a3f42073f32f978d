"""Runs services in this process until it is told to end: ``anji up``, ``anji run``, the demo."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import structlog

from anji.claims import claim
from anji.installation import Installation
from anji.lagging import watch_lag
from anji.services import open_services, services_to_run
from anji.supervise import Service, supervise
from anji_common.broker.draining import Drain, draining
from anji_common.clock import SystemClock
from anji_common.collector import calm_collector
from anji_common.errors import ConfigurationError, CutOffError
from anji_common.health import Health, serve_health
from anji_common.refs import System
from anji_common.sourcing.engine import source_group

__all__ = ["run_services", "run_until_drained", "until_told"]

_log = structlog.get_logger("anji")


async def run_services(
    installation: Installation,
    names: Sequence[str] | None = None,
    *,
    on_ready: Callable[[int], None] = lambda _port: None,
    drain: Drain | None = None,
) -> None:
    """Run the services of those names until cancelled; they end in order then.

    Args:
        installation: Which settings, mappings and broker.
        names: Of `SERVICE_NAMES`; by default all that the settings allow.
        on_ready: Called once with the port of health and metrics, when all have been started.
        drain: Once it has begun, works end when they have nothing in hand.

    Raises:
        FatalError: no restart would help; the message says what a person has to do.
        ConfigurationError: see `services_to_run`; nothing was opened then.
    """
    settings = installation.settings
    chosen = services_to_run(installation, names)
    for name in installation.misspelt:
        _log.warning("setting.unknown", name=name)
    async with AsyncExitStack() as opened:
        if settings.broker == "embedded":
            opened.enter_context(claim(settings.home, chosen))
        runtime = await opened.enter_async_context(installation.runtime(makes=True))
        if drain is not None:
            runtime = replace(runtime, broker=draining(runtime.broker, drain))
        await runtime.broker.declare(installation.topics)
        services = await opened.enter_async_context(open_services(installation, runtime, chosen))
        health = Health()
        port = await opened.enter_async_context(_health_port(health, installation))
        _log.info("services.started", services=chosen, broker=settings.broker, health_port=port)
        on_ready(port)
        calm_collector()
        lag = Service("lag", lambda: watch_lag(runtime, installation))
        await supervise(
            [*services, lag], clock=runtime.clock, chance=runtime.chance, health=health
        )


@asynccontextmanager
async def _health_port(health: Health, installation: Installation) -> AsyncIterator[int]:
    host, port = installation.settings.health_host, installation.settings.health_port
    serving = serve_health(health, host=host, port=port)
    try:
        found = await serving.__aenter__()
    except OSError as error:
        msg = f"ANJI_HEALTH_PORT: cannot listen on {host}:{port}: {error.strerror or error}"
        raise ConfigurationError(msg) from error
    try:
        yield found
    finally:
        await serving.__aexit__(None, None, None)


async def run_until_drained(
    installation: Installation, names: Sequence[str] | None = None
) -> None:
    """Run services until told to end; then let them finish what they have in hand.

    Raises:
        CutOffError: some had not finished when the grace was over.
        FatalError: see `run_services`.
    """
    drain = Drain({source_group(system) for system in System})
    grace = installation.settings.grace_seconds
    cut_off: Sequence[str] = ()

    async def ending() -> None:
        nonlocal cut_off
        drain.begin()
        if not await drain.ended(SystemClock(), grace):
            cut_off = drain.working
            _log.warning("process.cut_off", tasks=cut_off, grace_seconds=grace)

    await until_told(run_services(installation, names, drain=drain), ending)
    if cut_off:
        msg = (
            f"cut off after {grace:g} s (ANJI_GRACE_SECONDS) with work in hand: "
            f"{', '.join(cut_off)}. Nothing is lost: a call that was under way is looked up by "
            "whoever works there next"
        )
        raise CutOffError(msg)


async def _at_once() -> None:
    """Finish nothing."""


async def until_told(
    work: Awaitable[None], ending: Callable[[], Awaitable[None]] = _at_once
) -> None:
    """Await `work`; at Ctrl-C or SIGTERM await `ending`, then cancel it.

    A second signal ends the process at once.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)

    def told(name: str) -> None:
        _log.info("process.ending", told_by=name)
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
        endings.append(loop.create_task(end()))

    async def end() -> None:
        try:
            await ending()
        finally:
            task.cancel()

    endings: list[asyncio.Task[None]] = []
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, told, each.name)
    try:
        await task
    except asyncio.CancelledError:
        _log.info("process.ended")
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)

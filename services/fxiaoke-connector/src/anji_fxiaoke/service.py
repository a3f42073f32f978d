"""The Fxiaoke connector, put together: source, writer and callback, each until cancelled.

Who is handed the same transport shares one token and one call budget, as the CRM counts them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, cast
from weakref import WeakKeyDictionary, proxy

from anji_common.breaker import Breaker
from anji_common.budget import Budget, WindowLimit
from anji_common.clock import Clock
from anji_common.interest import Interest
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.shares import Shares
from anji_common.sourcing.engine import run_source as run_sourcing
from anji_common.sourcing.settings import SourceSettings
from anji_common.topics import CALLBACKS
from anji_common.transport import Transport
from anji_common.writing.engine import run_writer as run_writing
from anji_common.writing.rules import WRITER_RULES, WriterRules
from anji_common.writing.settings import WriterSettings
from anji_fxiaoke.auth import OAUTH_TOKEN_PATH, TOKEN_PATH, Auth
from anji_fxiaoke.callback import CallbackDesk, serve_callbacks
from anji_fxiaoke.calls import Caller
from anji_fxiaoke.client import Client
from anji_fxiaoke.metadata import Metadata
from anji_fxiaoke.metering import Meter
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.source import FxiaokeFeed
from anji_fxiaoke.writer import FxiaokeTarget

__all__ = [
    "Connection",
    "budget_of",
    "connection_of",
    "make_client",
    "run_callback",
    "run_source",
    "run_writer",
    "source_settings",
]

_SOURCE, _WRITER = "source", "writer"
_MARGIN_SECONDS = 0.1
"""A document is read that much later than its lines can surely be queried."""
_TOKEN_LIMIT = WindowLimit(calls=10, seconds=60.0)

_BOTH = ("query", "get", "describe", "getByMobile")
"""Last words of the interfaces that source and writer both call."""


@dataclass(frozen=True, slots=True)
class Connection:
    """All that the services of one process share of one tenant."""

    client: Client
    metadata: Metadata
    meter: Meter
    shares: Shares


_connections: WeakKeyDictionary[Transport, Connection] = WeakKeyDictionary()


def connection_of(settings: FxiaokeSettings, runtime: Runtime, transport: Transport) -> Connection:
    """Return what belongs to a transport: one for all who share it, and while it lives."""
    found = _connections.get(transport)
    if found is None:
        weak = cast(Transport, proxy(transport))  # else it would keep its own key alive for ever
        found = _connections[transport] = _connection(settings, runtime, weak)
    return found


def make_client(
    settings: FxiaokeSettings,
    transport: Transport,
    clock: Clock,
    chance: Random,
    budget: Budget | None = None,
) -> tuple[Client, Metadata]:
    """Return a client, and what it knows of objects; by default with a budget of its own."""
    budget = budget or budget_of(settings, clock)
    breaker = Breaker(transport, clock, system=System.FXIAOKE.value)
    auth = Auth(settings, breaker, budget, clock, chance)
    caller = Caller(settings, breaker, auth, budget, clock)
    return Client(settings, caller), Metadata(caller, settings, clock)


def budget_of(settings: FxiaokeSettings, clock: Clock, shares: Shares | None = None) -> Budget:
    """Return the tenant's limits; without `shares` they are all ours."""
    return Budget(
        clock,
        window=WindowLimit(settings.calls_per_window, settings.window_seconds),
        interfaces={TOKEN_PATH: _TOKEN_LIMIT, OAUTH_TOKEN_PATH: _TOKEN_LIMIT},
        calls_per_day=settings.calls_per_day,
        bulk_reserve=settings.bulk_reserve,
        write_reserve=settings.write_reserve,
        **({} if shares is None else {"share_of": shares.of}),
    )


def _connection(settings: FxiaokeSettings, runtime: Runtime, transport: Transport) -> Connection:
    def part_of(role: str, interface: str) -> float:
        if interface.rpartition("/")[2] not in _BOTH:
            return 1.0 if role == _WRITER else 0.0
        return settings.source_part if role == _SOURCE else 1.0 - settings.source_part

    shares = Shares(
        runtime.clock,
        partitions=runtime.broker.partitions,
        window_seconds=settings.window_seconds,
        part_of=part_of,
        whole=settings.budget_share,
    )
    budget = budget_of(settings, runtime.clock, shares)
    client, metadata = make_client(settings, transport, runtime.clock, runtime.chance, budget)
    meter = Meter(
        runtime,
        budget,
        client.caller.tally,
        settings.window_seconds,
        every_seconds=settings.tell_calls_seconds,
    )
    return Connection(client, metadata, meter, shares)


def source_settings(settings: FxiaokeSettings) -> SourceSettings:
    """Return how the sourcing engine reads this CRM."""
    takes_callbacks = settings.callback_aes_key is not None
    return SourceSettings(
        poll_seconds=settings.poll_seconds,
        most_poll_seconds=max(settings.most_poll_seconds, settings.poll_seconds),
        overlap_seconds=settings.overlap_seconds,
        gather_seconds=settings.gather_seconds,
        steady_gather_seconds=settings.steady_gather_seconds,
        document_gather_seconds=settings.lines_lag_seconds + _MARGIN_SECONDS,
        patrol_seconds=settings.patrol_seconds,
        confirm_seconds=settings.confirm_seconds,
        most_deletes=settings.most_deletes,
        most_deletes_share=settings.most_deletes_share,
        hints_topic=CALLBACKS.name if takes_callbacks else None,
    )


async def run_source(
    settings: FxiaokeSettings, interest: Interest, runtime: Runtime, transport: Transport
) -> None:
    """Read the CRM and publish its changes, until cancelled.

    Raises:
        FatalError: no call can succeed.
    """
    shared = connection_of(settings, runtime, transport)
    feed = FxiaokeFeed(shared.client, shared.metadata, settings)
    owning = partial(shared.shares.owning, _SOURCE)
    reading = run_sourcing(feed, interest, runtime, source_settings(settings), owning)
    await _metered(shared.meter, reading)


async def run_writer(  # noqa: PLR0913 - what a writer is put together of
    settings: FxiaokeSettings,
    interest: Interest,
    runtime: Runtime,
    transport: Transport,
    writing: WriterSettings | None = None,
    *,
    rules: WriterRules = WRITER_RULES,
) -> None:
    """Carry out the commands for the CRM, until cancelled; `writing` defaults to what is set.

    Raises:
        FatalError: no command can succeed.
    """
    shared = connection_of(settings, runtime, transport)
    writing = writing or WriterSettings()
    target = FxiaokeTarget(
        shared.client,
        shared.metadata,
        interest,
        settings,
        runtime.clock,
        most_pause_seconds=writing.most_pause_seconds,
    )
    owning = partial(shared.shares.owning, _WRITER)
    carrying_out = run_writing(target, interest, runtime, writing, rules=rules, owning=owning)
    await _metered(shared.meter, carrying_out)


async def run_callback(
    settings: FxiaokeSettings,
    interest: Interest,
    runtime: Runtime,
    *,
    on_listening: Callable[[str], None] | None = None,
) -> None:
    """Take in the CRM's callbacks over HTTP, until cancelled.

    Raises:
        ConfigurationError: the callback's key is missing or wrong.
    """
    await serve_callbacks(CallbackDesk(settings, interest, runtime), settings, on_listening)


async def _metered(meter: Meter, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, and tell what it calls as long as it lasts."""
    await meter.begin()
    telling = asyncio.create_task(meter.run(), name="fxiaoke meter")
    try:
        await work
    finally:
        telling.cancel()
        await asyncio.wait([telling])

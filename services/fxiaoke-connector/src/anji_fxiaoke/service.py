"""The Fxiaoke connector, put together: source, writer and callback, each until cancelled.

Who is handed the same transport shares one token and one call budget, as the CRM counts them.
"""

from collections.abc import Callable
from random import Random
from weakref import WeakKeyDictionary

from anji_common.budget import Budget, WindowLimit
from anji_common.clock import Clock
from anji_common.interest import Interest
from anji_common.runtime import Runtime
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
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.source import FxiaokeFeed
from anji_fxiaoke.writer import FxiaokeTarget

__all__ = [
    "client_of",
    "make_client",
    "run_callback",
    "run_source",
    "run_writer",
    "source_settings",
]

_TOKEN_LIMIT = WindowLimit(calls=10, seconds=60.0)

_clients: WeakKeyDictionary[Transport, tuple[Client, Metadata]] = WeakKeyDictionary()


def client_of(
    settings: FxiaokeSettings, runtime: Runtime, transport: Transport
) -> tuple[Client, Metadata]:
    """Return the client of a transport, and what it knows of objects: one for all who share it."""
    found = _clients.get(transport)
    if found is None:
        found = _clients[transport] = make_client(
            settings, transport, runtime.clock, runtime.chance
        )
    return found


def make_client(
    settings: FxiaokeSettings, transport: Transport, clock: Clock, chance: Random
) -> tuple[Client, Metadata]:
    """Return a client with a token and a call budget of its own."""
    budget = Budget(
        clock,
        window=WindowLimit(settings.calls_per_window, settings.window_seconds),
        interfaces={TOKEN_PATH: _TOKEN_LIMIT, OAUTH_TOKEN_PATH: _TOKEN_LIMIT},
        calls_per_day=settings.calls_per_day,
        bulk_reserve=settings.bulk_reserve,
    )
    budget.share = settings.budget_share
    auth = Auth(settings, transport, budget, clock, chance)
    caller = Caller(settings, transport, auth, budget, clock)
    return Client(settings, caller), Metadata(caller, settings, clock)


def source_settings(settings: FxiaokeSettings) -> SourceSettings:
    """Return how the sourcing engine reads this CRM."""
    takes_callbacks = settings.callback_aes_key is not None
    return SourceSettings(
        poll_seconds=settings.poll_seconds,
        most_poll_seconds=max(settings.most_poll_seconds, settings.poll_seconds),
        overlap_seconds=settings.overlap_seconds,
        gather_seconds=settings.gather_seconds,
        hints_topic=CALLBACKS.name if takes_callbacks else None,
    )


async def run_source(
    settings: FxiaokeSettings, interest: Interest, runtime: Runtime, transport: Transport
) -> None:
    """Read the CRM and publish its changes, until cancelled.

    Raises:
        FatalError: no call can succeed.
    """
    client, metadata = client_of(settings, runtime, transport)
    feed = FxiaokeFeed(client, metadata, settings)
    await run_sourcing(feed, interest, runtime, source_settings(settings))


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
    client, metadata = client_of(settings, runtime, transport)
    target = FxiaokeTarget(client, metadata, interest, settings, runtime.clock)
    await run_writing(target, interest, runtime, writing or WriterSettings(), rules)


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

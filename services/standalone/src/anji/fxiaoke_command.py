"""``anji fxiaoke`` in this installation: opens the room that its sub-commands work in."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import SystemRandom
from urllib.parse import urljoin

from anji.installation import Installation
from anji_common.clock import SystemClock
from anji_common.http_transport import HttpTransport
from anji_common.logs import configure_logs
from anji_common.refs import System
from anji_fxiaoke.cli import Room, fxiaoke_app
from anji_fxiaoke.service import make_client
from anji_fxiaoke.settings import FxiaokeSettings

__all__ = ["fxiaoke_commands", "fxiaoke_room"]


@asynccontextmanager
async def fxiaoke_room() -> AsyncIterator[Room]:
    """Open what the commands need, as long as the context lasts."""
    installation = Installation.read(os.environ)  # noqa: TID251 - the outermost place, where they are read
    configure_logs(installation.settings.log_format, "error")
    settings = installation.source.load(FxiaokeSettings)
    clock = SystemClock()
    async with AsyncExitStack() as opened:

        def transport(url: str) -> HttpTransport:
            ca_file = installation.settings.ca_file
            made = HttpTransport(url, system=System.FXIAOKE.value, clock=clock, ca_file=ca_file)
            opened.push_async_callback(made.close)
            return made

        client, metadata = make_client(
            settings, transport(settings.base_url), clock, SystemRandom()
        )
        url = settings.callback_url
        yield Room(
            settings=settings,
            interest=installation.mappings.interest(System.FXIAOKE),
            client=client,
            metadata=metadata,
            runtime=lambda: installation.runtime(makes=False),
            callback=None if url is None else transport(urljoin(url, "/")),
        )


fxiaoke_commands = fxiaoke_app(fxiaoke_room)

"""``anji k3cloud`` in this installation: opens the room that its sub-commands work in."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anji.installation import Installation
from anji_common.clock import SystemClock
from anji_common.http_transport import HttpTransport
from anji_common.logs import configure_logs
from anji_common.refs import System
from anji_k3cloud.cli import Room, k3cloud_app
from anji_k3cloud.service import Connection
from anji_k3cloud.settings import K3CloudSettings

__all__ = ["k3cloud_commands", "k3cloud_room"]


@asynccontextmanager
async def k3cloud_room() -> AsyncIterator[Room]:
    """Open what the commands need, as long as the context lasts."""
    installation = Installation.read(os.environ)  # noqa: TID251 - the outermost place, where they are read
    configure_logs(installation.settings.log_format, "error")
    settings = installation.source.load(K3CloudSettings)
    clock = SystemClock()
    transport = HttpTransport(
        settings.base_url,
        system=System.K3CLOUD.value,
        clock=clock,
        ca_file=installation.settings.ca_file,
    )
    try:
        yield Room(
            erp=Connection.over(settings, clock, transport),
            interest=installation.mappings.interest(System.K3CLOUD),
            runtime=lambda: installation.runtime(makes=False),
        )
    finally:
        await transport.close()


k3cloud_commands = k3cloud_app(k3cloud_room)

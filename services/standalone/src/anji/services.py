"""Every service by its name, joined with its settings and its way to the vendor.

`anji up` runs all of them in one process, `anji run` one; they are the same. Only the settings of
the services that run are read: a mapper's container needs no vendor's secrets. All services of one
vendor in a process share one transport, and with it one session and one call budget.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anji_fxiaoke.service
import anji_k3cloud.service
import anji_mapper.service
from anji.installation import Installation
from anji.supervise import Service
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.errors import ConfigurationError
from anji_common.http_transport import HttpTransport
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.settings import PartSettings
from anji_common.transport import Transport
from anji_common.writing.settings import WriterSettings
from anji_fxiaoke.settings import FxiaokeSettings
from anji_k3cloud.service import Connection
from anji_k3cloud.settings import K3CloudSettings
from anji_mapper.settings import MapperSettings

__all__ = ["SERVICE_NAMES", "Run", "open_services", "services_to_run"]

Run = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Room:
    """What services are built from."""

    installation: Installation
    runtime: Runtime
    opened: AsyncExitStack
    transports: dict[System, HttpTransport]
    erp: list[Connection]
    """The one connection to the ERP, once it is made: its sessions are few, so all share them."""

    def transport(self, system: System, url: str) -> Transport:
        """Return the one way to a vendor, opened when it is first needed."""
        if system not in self.transports:
            ca_file = self.installation.settings.ca_file
            transport = HttpTransport(
                url, system=system.value, clock=self.runtime.clock, ca_file=ca_file
            )
            self.opened.push_async_callback(transport.close)
            self.transports[system] = transport
        return self.transports[system]

    def k3cloud(self) -> Connection:
        """Return the one connection to the ERP."""
        if not self.erp:
            settings = self.installation.source.load(K3CloudSettings)
            transport = self.transport(System.K3CLOUD, settings.base_url)
            self.erp.append(
                Connection.over(settings, self.runtime.clock, transport, self.runtime.state_dir)
            )
        return self.erp[0]


def _fxiaoke_source(room: _Room) -> Run:
    settings = room.installation.source.load(FxiaokeSettings)
    return partial(
        anji_fxiaoke.service.run_source,
        settings,
        room.installation.mappings.interest(System.FXIAOKE),
        room.runtime,
        room.transport(System.FXIAOKE, settings.base_url),
    )


def _fxiaoke_callback(room: _Room) -> Run:
    return partial(
        anji_fxiaoke.service.run_callback,
        room.installation.source.load(FxiaokeSettings),
        room.installation.mappings.interest(System.FXIAOKE),
        room.runtime,
    )


def _fxiaoke_writer(room: _Room) -> Run:
    settings = room.installation.source.load(FxiaokeSettings)
    return partial(
        anji_fxiaoke.service.run_writer,
        settings,
        room.installation.mappings.interest(System.FXIAOKE),
        room.runtime,
        room.transport(System.FXIAOKE, settings.base_url),
        room.installation.source.load(WriterSettings),
    )


def _k3cloud_source(room: _Room) -> Run:
    interest = room.installation.mappings.interest(System.K3CLOUD)
    return partial(anji_k3cloud.service.run_source, room.k3cloud(), interest, room.runtime)


def _k3cloud_writer(room: _Room) -> Run:
    return partial(
        anji_k3cloud.service.run_writer,
        room.k3cloud(),
        room.installation.mappings.interest(System.K3CLOUD),
        room.runtime,
        room.installation.source.load(WriterSettings),
    )


def _mapper(room: _Room) -> Run:
    return partial(
        anji_mapper.service.run,
        room.installation.mappings,
        room.installation.source.load(MapperSettings),
        room.runtime,
    )


_BUILDERS: dict[str, Callable[[_Room], Run]] = {
    "fxiaoke-source": _fxiaoke_source,
    "fxiaoke-callback": _fxiaoke_callback,
    "fxiaoke-writer": _fxiaoke_writer,
    "k3cloud-source": _k3cloud_source,
    "k3cloud-writer": _k3cloud_writer,
    "mapper": _mapper,
}
SERVICE_NAMES = tuple(_BUILDERS)
_SETTINGS: dict[str, tuple[type[PartSettings], ...]] = {
    "fxiaoke-source": (FxiaokeSettings,),
    "fxiaoke-callback": (FxiaokeSettings,),
    "fxiaoke-writer": (FxiaokeSettings, WriterSettings),
    "k3cloud-source": (K3CloudSettings,),
    "k3cloud-writer": (K3CloudSettings, WriterSettings),
    "mapper": (MapperSettings,),
}
"""What each of them reads: looked at before anything is opened, and all that is wrong told."""


def services_to_run(
    installation: Installation, names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return the services of those names, or all that the settings allow.

    Without its key there is no callback's service.

    Raises:
        ConfigurationError: there is no such service, or settings are missing or wrong: a line for
            each of all of them, and what to do.
    """
    unknown = [name for name in names or () if name not in _BUILDERS]
    if unknown:
        msg = f"no such service: {', '.join(unknown)}; there are {', '.join(SERVICE_NAMES)}"
        raise ConfigurationError(msg)
    _look_at_settings(installation, SERVICE_NAMES if names is None else names)
    if names is not None:
        return tuple(names)
    has_key = installation.source.load(FxiaokeSettings).callback_aes_key is not None
    return tuple(name for name in SERVICE_NAMES if has_key or name != "fxiaoke-callback")


def _look_at_settings(installation: Installation, names: Sequence[str]) -> None:
    source = installation.source
    kinds = dict.fromkeys(kind for name in names for kind in _SETTINGS[name])
    if installation.settings.broker == "kafka":
        kinds = {KafkaSettings: None, **kinds}
    lines: list[str] = []
    for kind in kinds:
        try:
            source.load(kind)
        except ConfigurationError as error:
            lines += str(error).splitlines()
    if lines:
        lines.append(
            f"set these in the environment or in {source.file_name}; docs/configuration.md tells "
            "what each means, anji check says what else is to do, and anji sandbox prints those "
            "of a CRM and an ERP to try it with"
        )
        raise ConfigurationError("\n".join(lines))


@asynccontextmanager
async def open_services(
    installation: Installation, runtime: Runtime, names: Sequence[str]
) -> AsyncIterator[tuple[Service, ...]]:
    """Yield the services of those names, ready to run while the context lasts.

    Raises:
        ConfigurationError: there is no such service, or its settings are missing or wrong.
    """
    chosen = services_to_run(installation, names)
    async with AsyncExitStack() as opened:
        room = _Room(installation, runtime, opened, {}, [])
        yield tuple(Service(name, _BUILDERS[name](room)) for name in chosen)

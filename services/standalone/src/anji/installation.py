"""One installation as its settings say it: mappings, topics, and the way to its broker."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Self

from anji.homes import made_folder
from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.broker.port import Broker
from anji_common.clock import Clock, SystemClock
from anji_common.errors import ConfigurationError, RejectedError
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.settings import InstallationSettings, SettingsSource
from anji_common.topics import Topic, declared_topics
from anji_common.writing.settings import WriterSettings
from anji_fxiaoke.settings import FxiaokeSettings
from anji_k3cloud.settings import K3CloudSettings
from anji_mapper.mapping.compile import Settings
from anji_mapper.mapping.folder import load_mappings
from anji_mapper.mapping.model import LinkType, Mappings
from anji_mapper.settings import MapperSettings

__all__ = ["SETTINGS", "Installation", "mapping_settings"]

SETTINGS = (
    InstallationSettings,
    KafkaSettings,
    FxiaokeSettings,
    K3CloudSettings,
    MapperSettings,
    WriterSettings,
)
"""Every settings class there is; the page ``docs/configuration.md`` is made from them."""

_MAPPING_TABLE = "mapping"
"""``[mapping.customer]`` in the file: what a mapping leaves to the installation."""


def mapping_settings(environment: Mapping[str, str]) -> tuple[Path | None, Settings]:
    """Return the folder of mappings that is set, if any, and what is set for each link type.

    Raises:
        ConfigurationError: a setting is wrong; one line for each mistake.
    """
    source = SettingsSource.read(environment)
    folder = source.load(InstallationSettings).mappings_dir
    return folder, source.table(_MAPPING_TABLE)


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings, read; nothing is opened yet."""

    source: SettingsSource
    settings: InstallationSettings
    mappings: Mappings
    misspelt: tuple[str, ...]
    """What is set and is no setting, as it was typed."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Return the installation that environment and file describe.

        Raises:
            ConfigurationError: a setting or a mapping is wrong; one line for each mistake.
        """
        source = SettingsSource.read(environment)
        settings = source.load(InstallationSettings)
        return cls(
            source=source,
            settings=settings,
            mappings=load_mappings(settings.mappings_dir, source.table(_MAPPING_TABLE)),
            misspelt=source.unknown(SETTINGS, tables=frozenset({_MAPPING_TABLE})),
        )

    @property
    def mapping_settings(self) -> Settings:
        """What is set for each link type, whichever folder of mappings is read with it."""
        return self.source.table(_MAPPING_TABLE)

    def types(self, name: str | None) -> tuple[LinkType, ...]:
        """Return the link types that are used: all, or the one of that name.

        Raises:
            RejectedError: there is none; the message says which there are.
        """
        types = tuple(each for each in self.mappings.types if name in {None, each.name})
        if not types:
            known = ", ".join(sorted(each.name for each in self.mappings.types))
            msg = f"there is no link type {name}; there are {known}"
            raise RejectedError(msg)
        return types

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic of this installation."""
        objects = {
            system: tuple(
                sorted({each.object_name for each in self.mappings.interest(system).objects})
            )
            for system in System
        }
        return declared_topics(objects)

    @asynccontextmanager
    async def runtime(self, *, makes: bool) -> AsyncIterator[Runtime]:
        """Open the broker, as long as the context lasts.

        Args:
            makes: Make what does not exist yet. A command that only looks does not.

        Raises:
            ConfigurationError: there is nothing to look at, nothing can be made there, or
                Kafka's settings are wrong.
        """
        clock = SystemClock()
        state = made_folder(self.settings.home, "views") if makes else None
        broker = self._broker(clock, makes=makes)
        try:
            yield Runtime(broker, clock, SystemRandom(), state)
        finally:
            await broker.close()

    def _broker(self, clock: Clock, *, makes: bool) -> Broker:
        partitions = self.settings.partitions
        if self.settings.broker == "kafka":
            kafka = self.source.load(KafkaSettings)
            prefix = self.settings.topic_prefix
            return KafkaBroker(kafka, clock, partitions=partitions, topic_prefix=prefix)
        file = self.settings.home / "broker.sqlite"
        if not (makes or file.exists()):
            msg = f"ANJI_HOME: there is no installation in {self.settings.home}; run anji up first"
            raise ConfigurationError(msg)
        return EmbeddedBroker(file, clock=clock, partitions=partitions)

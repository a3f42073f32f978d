"""What can be told of an installation before it runs: a line each, well or what to do.

Nothing is written, no topic is made. The vendors' own lines come from their connectors.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

import anji_fxiaoke.checking
import anji_k3cloud.checking
from anji.fxiaoke_command import fxiaoke_room
from anji.installation import SETTINGS, Installation
from anji.k3cloud_command import k3cloud_room
from anji.topics import sizes_of
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.errors import AnjiError, ConfigurationError
from anji_common.refs import System
from anji_common.settings import InstallationSettings, SettingsSource
from anji_common.writing.settings import WriterSettings
from anji_mapper.mapping.model import LinkType

__all__ = ["Line", "check_all"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at."""

    part: str
    """settings, mappings, numbering, topics, writes, fxiaoke, k3cloud."""
    subject: str
    is_well: bool
    words: str
    """What was seen; where it is not well, what to do."""
    is_known: bool = True
    """False: nothing is wrong that can be seen now, and something must run before it can be."""


async def check_all(environment: Mapping[str, str]) -> AsyncIterator[Line]:
    """Yield what is found, in the order of looking; ends early where nothing more can be told."""
    told: set[str] = set()
    for line in _settings(environment):
        told.add(line.words)
        yield line
    try:
        installation = Installation.read(environment)
    except ConfigurationError as error:
        for words in str(error).splitlines():
            if words not in told:
                yield Line("mappings", "files", is_well=False, words=words)
        return
    of_files = (*_mappings(installation), *_published(installation))
    for line in (*_misspelt(installation), *of_files, _writes(installation)):
        yield line
    async for line in _topics(installation):
        yield line
    async for line in _vendors():
        if line.is_well or line.words not in told:
            yield line


def _settings(environment: Mapping[str, str]) -> Iterator[Line]:
    try:
        source = SettingsSource.read(environment)
    except ConfigurationError as error:
        yield Line("settings", "file", is_well=False, words=str(error))
        return
    for kind in SETTINGS:
        if kind is KafkaSettings and not _is_on_kafka(source):
            continue
        name = kind.__name__.removesuffix("Settings").lower()
        try:
            source.load(kind)
        except ConfigurationError as error:
            for words in str(error).splitlines():
                yield Line("settings", name, is_well=False, words=words)
        else:
            yield Line("settings", name, is_well=True, words="complete")


def _is_on_kafka(source: SettingsSource) -> bool:
    try:
        return source.load(InstallationSettings).broker == "kafka"
    except ConfigurationError:  # told by its own line
        return False


def _misspelt(installation: Installation) -> Iterator[Line]:
    for name in installation.misspelt:
        words = "is set and is no setting: is it misspelt? docs/configuration.md names them"
        yield Line("settings", name, is_well=False, words=words)


def _mappings(installation: Installation) -> Iterator[Line]:
    for found in installation.mappings.types:
        words = f"version {found.version}, made from the side of {found.home}"
        if found.is_only_matched:
            words = f"version {found.version}, matched by natural keys: nothing is made or written"
        yield Line("mappings", found.name, is_well=True, words=words)
        if found.is_only_matched:
            continue
        for target in (system.other for system in sorted(found.creates)):
            yield _numbering(found, target)


def _published(installation: Installation) -> Iterator[Line]:
    for each in installation.mappings.published:
        words = f"{each.interest.object_name} is published for others, and linked with nothing"
        yield Line("mappings", each.name, is_well=True, words=words)


def _numbering(found: LinkType, target: System) -> Line:
    side = found.side(target)
    keys = ", ".join(" and ".join(key) for key in side.natural_keys) or "none"
    if side.own_number:
        words = (
            f"{side.own_number} of {side.object_name} is ours to choose: it must be unique there"
        )
    else:
        words = (
            f"{target} numbers {side.object_name} by itself; doubles are kept out by the mark in "
            f"{side.interest.marker_field}, and by natural keys: {keys}"
        )
    return Line("numbering", found.name, is_well=True, words=words)


def _writes(installation: Installation) -> Line:
    if installation.source.load(WriterSettings).writes:
        words = "on: writers write. ANJI_WRITES=off only shows what they would"
        return Line("writes", "ANJI_WRITES", is_well=True, words=words)
    words = "off: the shadow mode. Nothing is written, and nothing is lost"
    return Line("writes", "ANJI_WRITES", is_well=True, words=words)


async def _topics(installation: Installation) -> AsyncIterator[Line]:
    name = installation.settings.broker
    file = installation.settings.home / "broker.sqlite"
    if name == "embedded" and not file.exists():
        words = f"none yet in {installation.settings.home}: the first anji up makes them"
        yield Line("topics", name, is_well=True, words=words)
        return
    try:
        async with installation.runtime(makes=False) as runtime:
            sizes = await sizes_of(runtime.broker, installation.topics)
            standing = [each for each in installation.topics if sizes[each.name] is not None]
            await runtime.broker.declare(standing)  # they stand: it compares, and makes nothing
    except AnjiError as error:
        for words in str(error).splitlines():
            yield Line("topics", name, is_well=False, words=words)
        return
    missing = len(installation.topics) - len(standing)
    made = f"; {missing} are not made yet: anji topics create, or anji up" if missing else ""
    yield Line("topics", name, is_well=True, words=f"{len(standing)} stand as they must{made}")


async def _vendors() -> AsyncIterator[Line]:
    try:
        async with fxiaoke_room() as crm:
            parts = (crm.client, crm.metadata, crm.interest, crm.settings, crm.callback)
            async for line in anji_fxiaoke.checking.check(*parts):
                yield Line("fxiaoke", line.subject, line.is_well, line.words, line.is_known)
    except AnjiError as error:
        for words in str(error).splitlines():
            yield Line("fxiaoke", "tenant", is_well=False, words=words)
    try:
        async with k3cloud_room() as erp:
            async for found in anji_k3cloud.checking.check(erp.erp, erp.interest):
                yield Line("k3cloud", found.subject, is_well=found.is_well, words=found.words)
    except AnjiError as error:
        for words in str(error).splitlines():
            yield Line("k3cloud", "site", is_well=False, words=words)

"""Anji without some rules of the protocol, as a process: what a control runs.

``python -m ordeals.without look-up,attempts up``, or ``… run k3cloud-writer``. The services are
the shipped ones; writers and mapper are composed of another table of rules, as in a simulation.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import fields, replace
from datetime import datetime
from functools import partial

import structlog

import anji_common.writing.sending
import anji_fxiaoke.service
import anji_k3cloud.service
import anji_mapper.service
import anji_mapper.tasks
from anji.installation import Installation
from anji.services import open_services, services_to_run
from anji.simulation.controls import CONTROLS, RULE_BOOK, RuleBook
from anji.supervise import Service, supervise
from anji.up import until_told
from anji_common.broker.kafka_broker import KafkaBroker
from anji_common.broker.kafka_settings import KafkaSettings
from anji_common.broker.port import Work
from anji_common.errors import UndecodableError
from anji_common.health import Health
from anji_common.http_transport import HttpTransport
from anji_common.logs import configure_logs
from anji_common.messages import Record
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.writing.settings import WriterSettings
from anji_common.writing.target import Busy
from anji_common.writing.verdicts import Answered, Job, Parked, after_busy
from anji_fxiaoke.settings import FxiaokeSettings
from anji_k3cloud.service import Connection
from anji_k3cloud.settings import K3CloudSettings
from anji_mapper.decode import Arrival, decode
from anji_mapper.link.step import Reducer
from anji_mapper.mapping.model import Mappings
from anji_mapper.settings import MapperSettings

__all__ = ["book_without", "main"]

_log = structlog.get_logger("anji")

Run = Callable[[], Awaitable[None]]
_ONE_OWNER = "one owner"
"""No rule of the protocol but the broker's promise: a partition is one member's at a time."""
_RULED = ("fxiaoke-writer", "k3cloud-writer", "mapper")


def book_without(rules: Sequence[str]) -> RuleBook:
    """Return the rules without those that are named, as ``anji simulate --control`` names them."""
    book = RULE_BOOK
    for name in rules:
        other = CONTROLS[name].rules
        for part in fields(RuleBook):
            ours, theirs = getattr(book, part.name), getattr(other, part.name)
            shipped = getattr(RULE_BOOK, part.name)
            changed = {
                each.name: getattr(theirs, each.name)
                for each in fields(theirs)
                if getattr(theirs, each.name) is not getattr(shipped, each.name)
            }
            book = replace(book, **{part.name: replace(ours, **changed)})
    return book


def _fxiaoke_writer(installation: Installation, runtime: Runtime, book: RuleBook) -> Run:
    settings = installation.source.load(FxiaokeSettings)
    return partial(
        anji_fxiaoke.service.run_writer,
        settings,
        installation.mappings.interest(System.FXIAOKE),
        runtime,
        HttpTransport(settings.base_url, system="fxiaoke", clock=runtime.clock),
        installation.source.load(WriterSettings),
        rules=book.writer,
    )


def _k3cloud_writer(installation: Installation, runtime: Runtime, book: RuleBook) -> Run:
    settings = installation.source.load(K3CloudSettings)
    transport = HttpTransport(settings.base_url, system="k3cloud", clock=runtime.clock)
    return partial(
        anji_k3cloud.service.run_writer,
        Connection.over(settings, runtime.clock, transport),
        installation.mappings.interest(System.K3CLOUD),
        runtime,
        installation.source.load(WriterSettings),
        rules=book.writer,
    )


def _mapper(installation: Installation, runtime: Runtime, book: RuleBook) -> Run:
    return partial(
        anji_mapper.service.run,
        installation.mappings,
        installation.source.load(MapperSettings),
        runtime,
        reducer=Reducer(book.reducer),
    )


_BUILDERS = {
    "fxiaoke-writer": _fxiaoke_writer,
    "k3cloud-writer": _k3cloud_writer,
    "mapper": _mapper,
}


def _decode_or_fail(record: Record, mappings: Mappings) -> Arrival | None:
    """Fail as a consumer does that knows no dead letters."""
    try:
        return decode(record, mappings)
    except UndecodableError as error:
        msg = f"an input that nobody can read: {error}"
        raise RuntimeError(msg) from error


def _no_dead_letters() -> None:
    anji_mapper.tasks.decode = _decode_or_fail  # type: ignore[attr-defined]  # no rule of a table


def _counts_every_call(
    job: Job, busy: Busy, settings: WriterSettings, at: datetime
) -> Answered | Parked:
    """Count a call that the vendor has no room for like one that a record's lock put off."""
    return after_busy(job, replace(busy, is_unreached=False), settings, at)


def _no_patience() -> None:
    anji_common.writing.sending.after_busy = _counts_every_call  # type: ignore[attr-defined]  # as above


_HABITS: Mapping[str, Callable[[], None]] = {
    "dead letters": _no_dead_letters,
    "patience": _no_patience,
}
"""What is no rule of the protocol's tables, and how a process goes without it."""


class _Selfish(KafkaBroker):
    """Kafka for a member that shares with nobody: its groups are its own."""

    async def serve(self, group: str, inputs: Sequence[str], work: Work) -> None:
        await super().serve(f"{group}-{os.getpid()}", inputs, work)


def _shares_nothing(installation: Installation, runtime: Runtime) -> Runtime:
    kafka, prefix = installation.source.load(KafkaSettings), installation.settings.topic_prefix
    count = installation.settings.partitions
    broker = _Selfish(kafka, runtime.clock, partitions=count, topic_prefix=prefix)
    return replace(runtime, broker=broker)


async def _run(
    installation: Installation, names: Sequence[str], book: RuleBook, *, is_selfish: bool
) -> None:
    async with AsyncExitStack() as opened:
        runtime = await opened.enter_async_context(installation.runtime(makes=True))
        if is_selfish and "k3cloud-writer" in names:
            runtime = _shares_nothing(installation, runtime)
            opened.push_async_callback(runtime.broker.close)
        await runtime.broker.declare(installation.topics)
        plain = [name for name in names if name not in _RULED]
        services = list(
            await opened.enter_async_context(open_services(installation, runtime, plain))
        )
        services += [
            Service(name, build(installation, runtime, book))
            for name, build in _BUILDERS.items()
            if name in names
        ]
        _log.info("services.started", services=names)
        await supervise(services, clock=runtime.clock, chance=runtime.chance, health=Health())


def main(rules: str, words: Sequence[str]) -> None:
    """Run what ``anji`` would with these words, without the rules."""
    installation = Installation.read(os.environ)  # noqa: TID251 - the outermost place of a process
    configure_logs(installation.settings.log_format, installation.settings.log_level)
    names = services_to_run(installation, None if words[0] == "up" else words[1:])
    named = rules.split(",")
    left_out = [name for name in named if name != _ONE_OWNER and name not in _HABITS]
    is_selfish = _ONE_OWNER in named
    for name in _HABITS.keys() & named:
        _HABITS[name]()
    book = book_without(left_out)
    asyncio.run(until_told(_run(installation, names, book, is_selfish=is_selfish)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

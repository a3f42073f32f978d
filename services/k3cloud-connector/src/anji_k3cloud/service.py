"""Joins the connector's parts: settings in, a running source or writer out."""

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Self

import structlog

from anji_common.breaker import Breaker
from anji_common.clock import Clock
from anji_common.errors import RetriableError
from anji_common.interest import Interest
from anji_common.refs import System
from anji_common.runtime import Runtime
from anji_common.sourcing.engine import run_source as run_sourcing
from anji_common.sourcing.settings import SourceSettings
from anji_common.transport import Transport
from anji_common.writing.engine import run_writer as run_writing
from anji_common.writing.rules import WRITER_RULES, WriterRules
from anji_common.writing.settings import WriterSettings
from anji_k3cloud.client import Client
from anji_k3cloud.documents import Documents
from anji_k3cloud.metadata import Metadata
from anji_k3cloud.sessions import Sessions
from anji_k3cloud.settings import K3CloudSettings
from anji_k3cloud.source import K3CloudFeed
from anji_k3cloud.times import local_zone
from anji_k3cloud.writer import K3CloudTarget, Means

__all__ = ["Connection", "feed_of", "run_source", "run_writer", "source_settings", "target_of"]

_log = structlog.get_logger("anji.k3cloud")

_FIRST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One way to one account set. All services of a process share it, and so its sessions."""

    settings: K3CloudSettings
    clock: Clock
    sessions: Sessions
    client: Client
    metadata: Metadata
    zone: tzinfo

    @classmethod
    def over(
        cls,
        settings: K3CloudSettings,
        clock: Clock,
        transport: Transport,
        state_dir: Path | None = None,
    ) -> Self:
        """Return a connection; nothing is sent yet.

        In `state_dir` it is kept that a password was refused, so that a restart does not try it
        again; without one every connection tries.
        """
        breaker = Breaker(transport, clock, system=System.K3CLOUD.value)
        sessions = Sessions(breaker, settings, clock, state_dir)
        client = Client(sessions, operation_service=settings.operation_service)
        metadata = Metadata(
            client, clock, keeps_seconds=settings.metadata_seconds, types=settings.kinds_by_type
        )
        zone = local_zone(settings.utc_offset_hours)
        return cls(settings, clock, sessions, client, metadata, zone)

    async def documents(self) -> Documents:
        """Return a reader of documents; waits until the ERP has told who we are."""
        our_user = await _user_id(self.sessions, self.clock)
        if our_user is None:
            name = self.settings.username
            _log.warning("user.unknown", set="ANJI_K3CLOUD_USER_ID", user=name)
        return Documents(
            self.client,
            self.metadata,
            self.zone,
            our_user=our_user,
            page_rows=self.settings.page_rows,
        )


async def feed_of(erp: Connection) -> K3CloudFeed:
    """Return the ERP as a feed; waits until it answers a login, where one is needed."""
    return K3CloudFeed(await erp.documents(), erp.sessions, erp.clock)


async def target_of(
    erp: Connection, interest: Interest, writing: WriterSettings | None = None
) -> K3CloudTarget:
    """Return the ERP as a target; waits until it answers a login, where one is needed."""
    documents = await erp.documents()
    pause = (writing or WriterSettings()).most_pause_seconds
    means = Means(erp.client, erp.metadata, documents, erp.settings, erp.clock, pause)
    return K3CloudTarget(means, interest)


def source_settings(settings: K3CloudSettings) -> SourceSettings:
    """Return how the sourcing engine reads this ERP."""
    return SourceSettings(
        poll_seconds=settings.poll_seconds,
        most_poll_seconds=settings.poll_seconds,
        overlap_seconds=settings.overlap_seconds,
        patrol_seconds=settings.patrol_seconds,
        confirm_seconds=settings.confirm_seconds,
        most_deletes=settings.most_deletes,
        most_deletes_share=settings.most_deletes_share,
    )


async def run_source(erp: Connection, interest: Interest, runtime: Runtime) -> None:
    """Read the ERP and publish its changes, until cancelled.

    Raises:
        FatalError: our credentials are not accepted, or another owner took a task.
    """
    feed = await feed_of(erp)
    await run_sourcing(feed, interest, runtime, source_settings(erp.settings))


async def run_writer(
    erp: Connection,
    interest: Interest,
    runtime: Runtime,
    writing: WriterSettings | None = None,
    *,
    rules: WriterRules = WRITER_RULES,
) -> None:
    """Carry out the commands for the ERP, until cancelled; `writing` defaults to what is set.

    Raises:
        FatalError: our credentials are not accepted, or another owner took a task.
    """
    batch = {"max_batch_commands": erp.settings.batch_records}
    writing = (writing or WriterSettings()).model_copy(update=batch)
    target = await target_of(erp, interest, writing)
    await run_writing(target, interest, runtime, writing, rules=rules)


async def _user_id(sessions: Sessions, clock: Clock) -> str | None:
    wait = _FIRST_WAIT_SECONDS
    while True:
        try:
            return await sessions.user_id()
        except RetriableError as error:
            _log.warning("vendor.awaited", system="k3cloud", reason=str(error), wait_seconds=wait)
            await clock.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)

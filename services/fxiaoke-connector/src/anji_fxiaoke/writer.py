"""The CRM as the writing engine sees it: look-ups, reads, and one call a record to write.

How one command is written stands in ``writes.py``; here is what is asked before and after.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import structlog
from pydantic import JsonValue

from anji_common.clock import Clock, Deadline
from anji_common.errors import FatalError, RejectedError, RetriableError
from anji_common.events.commands import Action, Command, LookUp, Operation
from anji_common.events.observed import Observed
from anji_common.events.results import Outcome
from anji_common.interest import FieldInterest, Interest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.writing.target import (
    MOST_PAUSE_SECONDS,
    Found,
    WriteOutcome,
    Written,
)
from anji_fxiaoke.batching import Question, paired_lines, questions
from anji_fxiaoke.calls import Purpose
from anji_fxiaoke.client import MAX_PAGE_RECORDS, Client
from anji_fxiaoke.documents import Documents, Raw
from anji_fxiaoke.metadata import Metadata
from anji_fxiaoke.normalise import head_fields, normal, spelt
from anji_fxiaoke.objects import VOIDED
from anji_fxiaoke.paging import one_of
from anji_fxiaoke.settings import FxiaokeSettings
from anji_fxiaoke.writes import Writes

__all__ = ["FxiaokeTarget"]

_log = structlog.get_logger("anji.fxiaoke.writer")

_LOOK_UP = Purpose("look up", is_writing=True)
_COMPARE = Purpose("compare", is_writing=True)
_READ_BACK = Purpose("read back", most_wait_seconds=MOST_PAUSE_SECONDS, is_writing=True)
_LINES_WAITS_SECONDS = (0.0, 0.5, 1.0, 2.0)
"""Before each try to read the lines of a new record: a query may lag behind the write."""
_OWNER = "owner"


class FxiaokeTarget:
    """The port `Target` over one tenant's open API."""

    def __init__(  # noqa: PLR0913 - what a target works with
        self,
        client: Client,
        metadata: Metadata,
        interest: Interest,
        settings: FxiaokeSettings,
        clock: Clock,
        *,
        most_pause_seconds: float = MOST_PAUSE_SECONDS,
    ) -> None:
        self._client = client
        self._metadata = metadata
        self._interest = interest
        self._settings = settings
        self._clock = clock
        self._most_pause_seconds = most_pause_seconds
        self._documents = Documents(client, settings)
        self._writes = Writes(client, metadata, interest, settings, clock)

    @property
    def system(self) -> System:
        return System.FXIAOKE

    @property
    def reads_are_paid(self) -> bool:
        return True

    @property
    def updates_in_parts(self) -> bool:
        return True

    async def look_up(
        self, creates: Sequence[Command], *, own_only: bool
    ) -> Sequence[tuple[Found, ...]]:
        found: list[tuple[Found, ...]] = [() for _ in creates]
        ranks = max((len(each.look_ups) for each in creates), default=0)
        for rank in range(ranks):
            waiting = {index for index, hits in enumerate(found) if not hits}
            for question in questions(creates, rank, waiting, MAX_PAGE_RECORDS, own_only=own_only):
                for index, hits in (await self._ask(question, creates)).items():
                    found[index] = tuple(hits)
        return found

    async def read(self, commands: Sequence[Command]) -> Sequence[Observed | None]:
        targets = [command.target for command in commands if command.target is not None]
        # A query may leave a voided record out, and not show a new one yet: what no query shows is
        # read by its id before it is called gone.
        held = await self._as_they_are(targets, _COMPARE)
        if any(self._lacks_lines(command, held) for command in commands):
            await self._clock.sleep(self._settings.lines_lag_seconds)
            held = await self._as_they_are(targets, _COMPARE)
        return [None if each.target is None else held.get(each.target) for each in commands]

    def _lacks_lines(self, command: Command, held: Mapping[Ref, Observed]) -> bool:
        """Whether a record that we have just made does not show all its lines.

        They may only show later than it does: who took them for removed would make them again.
        """
        if command.action is not Action.CREATE or command.target is None:
            return False
        observed = held.get(command.target)
        return observed is not None and self._paired(command, observed) is None

    def is_done(self, command: Command, observed: Observed | None) -> bool:
        is_voided = observed is not None and observed.data.get("life_status") == VOIDED
        match command.operation:
            case Operation.VOID:
                return is_voided
            case Operation.UNVOID:
                return observed is not None and not is_voided
            case Operation.DELETE:
                return observed is None
            case _:
                return False

    async def write(self, commands: Sequence[Command]) -> Sequence[WriteOutcome]:
        ends = Deadline(self._clock, self._most_pause_seconds)
        turns = asyncio.Semaphore(self._settings.concurrent_writes)

        async def one(command: Command) -> WriteOutcome | FatalError:
            async with turns:
                try:
                    return await self._writes.outcome(command, ends)
                except FatalError as error:
                    return error

        outcomes: list[WriteOutcome] = []
        for outcome in await asyncio.gather(*map(one, commands)):
            if isinstance(outcome, FatalError):
                raise outcome
            outcomes.append(outcome)
        for command, outcome in zip(commands, outcomes, strict=True):
            if isinstance(outcome, Written):
                self._client.caller.tally.brought(command.object_name, 1)
                for path, rows in [*command.rows.items(), *command.removes.items()]:
                    self._client.caller.tally.brought(path, len(rows))
        return await self._read_back(commands, outcomes)

    async def finish(self, found: Found, command: Command) -> WriteOutcome | None:  # noqa: ARG002 - the port's; the CRM has no stages
        return None

    async def _read_back(
        self, commands: Sequence[Command], outcomes: list[WriteOutcome]
    ) -> list[WriteOutcome]:
        """Put what was made, as it was read, into the outcomes of creates (``protocol.md`` 8)."""
        made = {
            outcome.ref: index
            for index, outcome in enumerate(outcomes)
            if isinstance(outcome, Written)
            and outcome.outcome is Outcome.CREATED
            and outcome.ref is not None
        }
        for wait_seconds in _LINES_WAITS_SECONDS:
            if not made:
                break
            await self._clock.sleep(wait_seconds)
            try:
                held = await self._as_they_are(list(made), _READ_BACK)
            except (RetriableError, RejectedError) as error:
                _log.warning("read_back.failed", reason=str(error))
                continue
            for ref, observed in held.items():
                index = made[ref]
                lines = self._paired(commands[index], observed)
                if lines is not None:
                    outcomes[index] = _with_record(outcomes[index], observed, lines)
                    del made[ref]
        return outcomes

    def _paired(self, command: Command, observed: Observed) -> dict[str, dict[str, str]] | None:
        """Return which line stands for which wish; `None` while not all lines show."""
        interest = self._interest.of(command.object_name)
        paired: dict[str, dict[str, str]] = {}
        for lines in interest.lines:
            wishes = command.rows.get(lines.path, ())
            rows = _rows(observed.data.get(lines.path))
            if len(rows) < len(wishes):
                return None
            if pairs := paired_lines(wishes, rows, lines):
                paired[lines.path] = pairs
        return paired

    async def _ask(self, question: Question, creates: Sequence[Command]) -> dict[int, list[Found]]:
        """Return what one query found, by index of the create."""
        interest = await self._interest_in(question.object_name)
        kinds = {field.path: field for field in interest.fields}
        filters = [
            one_of(
                path, [_filter_text(_kind(kinds, path), value) for value in question.values(path)]
            )
            for path in question.paths
        ]
        hits: dict[str, list[tuple[int, LookUp]]] = {}
        heads: dict[str, Raw] = {}
        fields = tuple(dict.fromkeys([*head_fields(interest), *question.paths]))
        pages = self._documents.pages(question.object_name, filters, fields, _LOOK_UP)
        async for page in pages:
            for head in page:
                row = {path: normal(_kind(kinds, path), head.get(path)) for path in question.paths}
                answered = [
                    (index, look_up)
                    for index, look_up in question.answers(row)
                    if look_up.by != "natural key" or head.get("life_status") != VOIDED
                ]
                if answered:
                    hits[str(head["_id"])] = answered
                    heads[str(head["_id"])] = head
        held = await self._documents.as_they_are(interest, list(heads.values()), _LOOK_UP)
        if any(
            self._paired(creates[index], held[record_id]) is None and look_up.by != "natural key"
            for record_id, answered in hits.items()
            for index, look_up in answered
        ):  # made by us just now, its lines may only not show yet: they would be made again
            await self._clock.sleep(self._settings.lines_lag_seconds)
            held = await self._documents.as_they_are(interest, list(heads.values()), _LOOK_UP)
        found: dict[int, list[Found]] = defaultdict(list)
        for record_id, answered in hits.items():
            for index, look_up in answered:
                observed = held[record_id]
                found[index].append(
                    Found(
                        observed=observed,
                        business_number=_number(interest, observed),
                        is_ours=look_up.by != "natural key",
                        lines=self._paired(creates[index], observed) or {},
                    )
                )
        return found

    async def _as_they_are(self, refs: Iterable[Ref], purpose: Purpose) -> dict[Ref, Observed]:
        """Return the records that exist.

        Those that no query shows (new ones, voided ones) are read one by one.
        """
        by_object: dict[str, list[str]] = defaultdict(list)
        for ref in refs:
            by_object[ref.object_name].append(ref.record_id)
        found: dict[Ref, Observed] = {}
        for object_name, ids in by_object.items():
            interest = await self._interest_in(object_name)
            heads = await self._documents.heads(interest, ids, purpose)
            shown = {str(head["_id"]) for head in heads}
            for record_id in (each for each in ids if each not in shown):
                head = await self._client.get(object_name, record_id, purpose)
                heads += [] if head is None else [head]
            held = await self._documents.as_they_are(interest, heads, purpose)
            found |= {each.ref: each for each in held.values()}
        return found

    async def _interest_in(self, object_name: str) -> ObjectInterest:
        return await self._metadata.completed(self._interest.of(object_name))


def _with_record(
    outcome: WriteOutcome, observed: Observed, lines: dict[str, dict[str, str]]
) -> WriteOutcome:
    if not isinstance(outcome, Written):
        return outcome
    name = observed.data.get("name")
    number = None if name is None else str(name)
    return replace(outcome, observed=observed, business_number=number, lines=lines)


def _number(interest: ObjectInterest, observed: Observed) -> str | None:
    value = observed.data.get(interest.number_field)
    return None if value is None else str(value)


def _kind(kinds: Mapping[str, FieldInterest], path: str) -> FieldInterest:
    return kinds.get(path) or FieldInterest(path)


def _rows(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _filter_text(field: FieldInterest, value: JsonValue) -> str:
    asked = spelt(field, value)
    if isinstance(asked, list):
        asked = asked[0] if asked else ""
    if isinstance(asked, bool):
        return "true" if asked else "false"
    return str(asked)

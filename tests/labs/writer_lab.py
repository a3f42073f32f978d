"""A little vendor behind the port `Target`, and commands to it.

The vendor is a real state machine: it keeps records, gives ids, refuses a number that is taken,
and carries out late what it was told to. Only its network is bad, on demand.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import JsonValue

from anji_common.clock import Clock
from anji_common.errors import RefusedError, VendorUnavailableError
from anji_common.events.commands import (
    Action,
    Command,
    CommandNumber,
    Finish,
    LookUp,
    Operation,
    RowWish,
)
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome
from anji_common.interest import FieldInterest, Interest, LinesInterest, ObjectInterest
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import Lane
from anji_common.writing.target import (
    Busy,
    Doubtful,
    Found,
    Refused,
    WriteOutcome,
    Written,
)

__all__ = [
    "INTEREST",
    "Fate",
    "LittleTarget",
    "LittleVendor",
    "create",
    "message",
    "operate",
    "seat",
    "update",
]

INTEREST = Interest(
    System.K3CLOUD,
    (
        ObjectInterest(
            "Thing",
            "id",
            "no",
            (FieldInterest("no"), FieldInterest("name"), FieldInterest("marker")),
            (LinesInterest("rows", "row_id", (FieldInterest("qty"),)),),
            marker_field="marker",
        ),
    ),
)

Fate = Literal["done", "lost", "lost after", "lost late", "busy", "unreached", "refused"]
"""What happens to one command of a write: `lost` never arrives, `lost after` is carried out but
not answered, `lost late` is carried out only `late_seconds` later."""


@dataclass
class _Thing:
    values: dict[str, JsonValue]
    rows: list[dict[str, JsonValue]]
    modified_at: datetime
    by_anji: bool
    status: Literal["A", "C"] = "A"


@dataclass
class LittleVendor:
    """Records by id, and what happens to the next writes."""

    clock: Clock
    things: dict[str, _Thing] = field(default_factory=dict)
    fates: deque[Fate] = field(default_factory=deque)
    """Of the commands to come, in order; then all are done."""
    late_seconds: float = 30.0
    latency_seconds: float = 0.01
    """How long every call takes; 0 gives way once."""
    seconds_a_command: float = 0.0
    """How much longer a write takes for each of its commands."""
    is_down: bool = False
    locks: int = 0
    """How many of the next audits somebody's lock stands in the way of."""
    refuses_look_ups_of: str = ""
    """A value that it does not let anybody ask for."""
    sent: list[str] = field(default_factory=list)
    """Every message to people that left."""
    arrived: list[tuple[Ref, CommandNumber]] = field(default_factory=list)
    """Every command that was carried out, or refused because its number is taken."""
    reads: int = 0
    _late: list[tuple[float, Command]] = field(default_factory=list)
    _ids: int = 100

    def settle(self) -> None:
        """Carry out what is late by now."""
        due = [pair for pair in self._late if pair[0] <= self.clock.monotonic()]
        self._late = [pair for pair in self._late if pair not in due]
        for _, command in due:
            self.carry_out(command)

    def carry_out_later(self, command: Command) -> None:
        self._late.append((self.clock.monotonic() + self.late_seconds, command))

    def carry_out(self, command: Command) -> str | Refused:
        """Do it, and return the record's id."""
        self.arrived.append((command.seat, command.number))
        match command.action:
            case Action.MESSAGE:
                self.sent.append(command.text)
                return ""
            case Action.CREATE:
                number = command.values.get("no")
                if number and any(
                    thing.values.get("no") == number for thing in self.things.values()
                ):
                    return Refused(f"{number} exists", is_taken=True)
                self._ids += 1
                thing = _Thing({}, [], self.clock.now(), by_anji=True)
                self.things[str(self._ids)] = thing
                self._write(thing, command)
                return str(self._ids)
            case Action.UPDATE:
                assert command.target is not None
                target_id = command.target.record_id
                held = self.things.get(target_id)
                if held is not None:
                    self._write(held, command)
                return target_id if held is not None else Refused("no such thing")
            case Action.OPERATE:
                assert command.target is not None
                done = self.things.pop(command.target.record_id, None)
                return command.target.record_id if done else Refused("no such thing")

    def make(self, **values: JsonValue) -> Ref:
        """Let a person make a thing."""
        self._ids += 1
        self.things[str(self._ids)] = _Thing(values, [], self.clock.now(), by_anji=False)
        return Ref(System.K3CLOUD, "Thing", str(self._ids))

    def edit(self, ref: Ref, **values: JsonValue) -> None:
        """Let a person edit a thing."""
        thing = self.things[ref.record_id]
        thing.values |= values
        thing.modified_at, thing.by_anji = self.clock.now(), False

    def values(self, path: str) -> list[JsonValue]:
        """Return one field of all things, in the order they were made."""
        return [thing.values.get(path) for thing in self.things.values()]

    def observed(self, record_id: str) -> Observed | None:
        thing = self.things.get(record_id)
        if thing is None:
            return None
        rows: list[JsonValue] = [dict(row) for row in thing.rows]
        return Observed(
            ref=Ref(System.K3CLOUD, "Thing", record_id),
            stamp=Stamp(modified_at=thing.modified_at, status=thing.status, by_anji=thing.by_anji),
            data={**thing.values, "rows": rows},
        )

    def _write(self, thing: _Thing, command: Command) -> None:
        thing.values |= command.values
        for wish in command.rows.get("rows", ()):
            known = [row for row in thing.rows if row["row_id"] == wish.target_id]
            if known:
                known[0].update(wish.values)
            else:
                self._ids += 1
                thing.rows.append({"row_id": str(self._ids), **wish.values})
        gone = {each.target_id for each in command.removes.get("rows", ())}
        thing.rows = [row for row in thing.rows if row["row_id"] not in gone]
        thing.modified_at, thing.by_anji = self.clock.now(), True


class LittleTarget:
    """The port over a `LittleVendor`: one writer's own connection."""

    def __init__(self, vendor: LittleVendor, *, reads_are_paid: bool = False) -> None:
        self._vendor = vendor
        self._reads_are_paid = reads_are_paid
        self.pause_seconds = 0.0
        """How long a write lingers on this side before it leaves: a frozen process."""
        self.goes_down_after_write = False
        """The vendor's line is cut right after the next answer to a write."""

    @property
    def system(self) -> System:
        return System.K3CLOUD

    @property
    def reads_are_paid(self) -> bool:
        return self._reads_are_paid

    @property
    def updates_in_parts(self) -> bool:
        return False

    async def look_up(
        self, creates: Sequence[Command], *, own_only: bool
    ) -> Sequence[tuple[Found, ...]]:
        await self._ask()
        return [self._look_up(command, own_only=own_only) for command in creates]

    async def read(self, commands: Sequence[Command]) -> Sequence[Observed | None]:
        await self._ask()
        return [
            None if command.target is None else self._vendor.observed(command.target.record_id)
            for command in commands
        ]

    def is_done(self, command: Command, observed: Observed | None) -> bool:
        return command.operation is Operation.DELETE and observed is None

    async def write(self, commands: Sequence[Command]) -> Sequence[WriteOutcome]:
        vendor = self._vendor
        await vendor.clock.sleep(self.pause_seconds)
        vendor.settle()
        if vendor.is_down:
            return [Busy("down", is_unreached=True) for _ in commands]
        outcomes = [self._write(command) for command in commands]
        await vendor.clock.sleep(vendor.latency_seconds + vendor.seconds_a_command * len(commands))
        vendor.is_down = self.goes_down_after_write
        self.goes_down_after_write = False
        return outcomes

    async def finish(self, found: Found, command: Command) -> WriteOutcome | None:
        thing = self._vendor.things[found.observed.ref.record_id]
        if command.finish is Finish.SAVED or thing.status == "C":
            return None
        if self._vendor.locks:
            self._vendor.locks -= 1
            return Busy("locked")
        thing.status = "C"
        is_create = command.action is Action.CREATE
        outcome = Outcome.CREATED if is_create else Outcome.UPDATED
        return Written(outcome, found.observed.ref, found.business_number)

    async def _ask(self) -> None:
        vendor = self._vendor
        await vendor.clock.sleep(vendor.latency_seconds)
        vendor.settle()
        if vendor.is_down:
            msg = "the little vendor is down"
            raise VendorUnavailableError(msg)
        vendor.reads += 1

    def _look_up(self, command: Command, *, own_only: bool) -> tuple[Found, ...]:
        for way in command.look_ups:
            if own_only and way.by == "natural key":
                continue
            if self._vendor.refuses_look_ups_of in way.conditions.values():
                msg = "you may not ask for that"
                raise RefusedError(msg)
            hits = [
                record_id
                for record_id, thing in self._vendor.things.items()
                if all(thing.values.get(path) == value for path, value in way.conditions.items())
            ]
            if hits:
                return tuple(self._found(record_id, way) for record_id in hits)
        return ()

    def _found(self, record_id: str, way: LookUp) -> Found:
        observed = self._vendor.observed(record_id)
        assert observed is not None
        number = observed.data.get("no")
        return Found(
            observed, None if number is None else str(number), is_ours=way.by != "natural key"
        )

    def _write(self, command: Command) -> WriteOutcome:
        vendor = self._vendor
        fate = vendor.fates.popleft() if vendor.fates else "done"
        if fate in _UNDONE:
            if fate == "lost late":
                vendor.carry_out_later(command)
            return _UNDONE[fate]
        done = vendor.carry_out(command)
        if fate == "lost after":
            return Doubtful("no answer")
        return done if isinstance(done, Refused) else self._written(command, done)

    def _written(self, command: Command, record_id: str) -> Written:
        if command.action is Action.MESSAGE:
            return Written(Outcome.SENT, None)
        if command.action is Action.OPERATE:
            return Written(Outcome.UPDATED, command.target)
        if command.finish is not Finish.SAVED:
            self._vendor.things[record_id].status = "C"
        outcome = Outcome.CREATED if command.action is Action.CREATE else Outcome.UPDATED
        number = self._vendor.things[record_id].values.get("no")
        ref = Ref(System.K3CLOUD, "Thing", record_id)
        return Written(outcome, ref, None if number is None else str(number))


_UNDONE: dict[Fate, WriteOutcome] = {
    "busy": Busy("locked"),
    "unreached": Busy("no line", is_unreached=True),
    "refused": Refused("not like that", "11", "name"),
    "lost": Doubtful("no answer"),
    "lost late": Doubtful("no answer"),
}


def seat(n: int) -> Ref:
    """Return a CRM record's ref."""
    return Ref(System.FXIAOKE, "AccountObj", f"65f{n:05}")


def create(  # noqa: PLR0913 - what tests of creates differ in
    n: int = 1,
    *,
    number: int = 1,
    own_number: bool = False,
    natural: str | None = None,
    has_marker: bool = True,
    lane: Lane = Lane.LIVE,
    finish: Finish = Finish.SAVED,
    issued_at: datetime = EPOCH,
) -> Command:
    """Return a wish for a thing with the name and marker of seat `n`."""
    marker = str(seat(n))
    values: dict[str, JsonValue] = {"name": f"thing {n}", "marker": marker}
    ways = [LookUp(by="marker", conditions={"marker": marker})] if has_marker else []
    if own_number:
        values["no"] = f"NO-{n}"
        ways.append(LookUp(by="number", conditions={"no": f"NO-{n}"}))
    if natural is not None:
        values["tax"] = natural
        ways.append(LookUp(by="natural key", conditions={"tax": natural}))
    return _command(n, number, Action.CREATE, lane=lane).model_copy(
        update={
            "values": values,
            "look_ups": tuple(ways),
            "finish": finish,
            "issued_at": issued_at,
        }
    )


def update(  # noqa: PLR0913 - what tests of updates differ in
    target: Ref,
    values: dict[str, JsonValue],
    base: dict[str, JsonValue],
    *,
    n: int = 1,
    number: int = 2,
    rows: tuple[RowWish, ...] = (),
    issued_at: datetime = EPOCH,
) -> Command:
    """Return a wish of seat `n` to change a thing."""
    return _command(n, number, Action.UPDATE).model_copy(
        update={
            "target": target,
            "values": values,
            "base": base,
            "rows": {"rows": rows} if rows else {},
            "issued_at": issued_at,
            "base_modified_at": issued_at - timedelta(days=1),
        }
    )


def message(n: int = 1, *, number: int = 3, text: str = "it is shipped") -> Command:
    """Return a message to people."""
    return _command(n, number, Action.MESSAGE).model_copy(update={"to": ("1",), "text": text})


def operate(target: Ref, operation: Operation, *, number: int = 4, **base: JsonValue) -> Command:
    """Return a wish to do something to a thing as a whole."""
    return _command(1, number, Action.OPERATE).model_copy(
        update={"target": target, "operation": operation, "base": base}
    )


def _command(n: int, number: int, action: Action, *, lane: Lane = Lane.LIVE) -> Command:
    return Command(
        seat=seat(n),
        number=CommandNumber(1, number),
        system=System.K3CLOUD,
        object_name="Thing",
        action=action,
        link_type="thing",
        mapping_version="v1",
        issued_at=EPOCH,
        lane=lane,
    )

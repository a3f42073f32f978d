"""A bench for the reducer: two small vendors, their sources and writers, and a mail room.

Everything that would travel on a topic lies in a queue per topic and key, and is delivered one
by one, in the order that the caller chooses. The vendors are tiny state machines with one kind
of record; they assign ids, numbers and modify times, and one of them rewrites what it is given.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import JsonValue

from anji_common.events.changes import Change, revision_of
from anji_common.events.commands import Action, Command
from anji_common.events.crosswalk import CrosswalkRow
from anji_common.events.inbox import Entry, EntryKind, Sending
from anji_common.events.notices import Notice
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome, Result
from anji_common.events.signals import Signal
from anji_common.interest import FieldInterest, ObjectInterest
from anji_common.messages import Message
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_mapper.link.context import Context
from anji_mapper.link.inputs import Answered, Changed, Input, Looked, Told
from anji_mapper.link.rules import RULES, Rules
from anji_mapper.link.state import Seat
from anji_mapper.link.step import Reducer, new_seat
from anji_mapper.mapping.lenses import Same
from anji_mapper.mapping.model import Condition, LinkType, Mappings, Pair, Side
from labs.decided import check_decided

__all__ = ["CRM", "ERP", "PAIRS", "LinkLab", "Vendor", "make_link_type", "make_pair", "without"]

CRM, ERP = System.FXIAOKE, System.K3CLOUD
_MARKER = {CRM: "anji_ref__c", ERP: "F_ANJI_REF"}
_OBJECT = {CRM: "AccountObj", ERP: "BD_Customer"}


def make_pair(
    crm: str, erp: str, *, owner: System = CRM, flows: Iterable[System] = (CRM, ERP)
) -> Pair:
    is_number = erp == "FNumber"
    return Pair(f"{crm}~{erp}", crm, erp, Same(), owner, frozenset(flows), is_number=is_number)


PAIRS = (
    make_pair("name", "FName"),
    make_pair("tel", "FTEL", owner=ERP),
    make_pair("code__c", "FNumber", owner=ERP),
    make_pair("remark", "FDescription", flows=(ERP,)),
)


def make_link_type(
    *,
    creates: Iterable[System] = (CRM,),
    matches_names: bool = False,
    filter_: Condition | None = None,
) -> LinkType:
    def side(system: System) -> Side:
        paths = [pair.path(system) for pair in PAIRS] + [_MARKER[system]]
        interest = ObjectInterest(
            object_name=_OBJECT[system],
            id_field="_id" if system is CRM else "FCUSTID",
            number_field="name" if system is CRM else "FNumber",
            fields=tuple(FieldInterest(path) for path in paths),
            marker_field=_MARKER[system],
        )
        names = (("name",) if system is CRM else ("FName",),)
        return Side(interest, natural_keys=names if matches_names else (), filter=filter_)

    return LinkType(
        name="customer",
        version="v1",
        crm=side(CRM),
        erp=side(ERP),
        creates=frozenset(creates),
        pairs=PAIRS,
    )


@dataclass
class Vendor:
    """A vendor with one kind of record."""

    system: System
    records: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    writes: int = 0  # by the integration account
    creates: int = 0
    made: int = 0
    """Records ever made: an id is never given twice."""
    trims: bool = False
    workflow: Callable[[JsonValue], JsonValue] | None = None  # it rewrites what we write, at once
    refuses: str = ""
    read_paths: tuple[str, ...] = ()  # what a record does not have of these is blank

    def write(
        self,
        values: Mapping[str, JsonValue],
        *,
        at: datetime,
        record_id: str | None = None,
        by_anji: bool = False,
    ) -> str:
        if record_id is None:
            self.made += 1
            record_id = f"{self.made:03}"
        record = self.records.setdefault(record_id, {})
        kept = {path: self._kept(value) for path, value in values.items()}
        if by_anji and self.workflow is not None:
            kept = {path: self.workflow(value) for path, value in kept.items()}
            by_anji = kept == dict(values)
        record.update(kept)
        if self.system is ERP and record.get("FNumber") is None:
            record["FNumber"] = f"CUST{record_id}"
        self.stamps[record_id] = Stamp(modified_at=at, by_anji=by_anji)
        return record_id

    def observed(self, record_id: str) -> Observed:
        return Observed(
            ref=Ref(self.system, _OBJECT[self.system], record_id),
            stamp=self.stamps[record_id],
            data={**dict.fromkeys(self.read_paths), **self.records[record_id]},
        )

    def _kept(self, value: JsonValue) -> JsonValue:
        return value.strip() if self.trims and isinstance(value, str) else value


class LinkLab:
    """Everything around the reducer."""

    def __init__(self, link_type: LinkType | None = None, *, rules: Rules = RULES) -> None:
        self.link_type = link_type or make_link_type()
        self.reducer = Reducer(rules)
        side = self.link_type.side
        self.vendors = {each: Vendor(each, read_paths=side(each).head_fields) for each in System}
        self.seats: dict[str, Seat] = {}
        self.rows: dict[str, CrosswalkRow] = {}
        self.notices: list[Notice] = []
        self.signals: list[Signal] = []
        self.exactly: list[Message] = []
        self.queues: dict[tuple[str, str], list[Change | Entry | Result]] = defaultdict(list)
        self.delivered: list[Change | Entry | Result] = []
        self.commands: list[Command] = []
        self.sent: list[Command] = []
        self.published: dict[str, int] = {}
        self.seconds = 0.0
        self.said = 0

    # --- what the world does -------------------------------------------------------------

    def tick(self, seconds: float = 1.0) -> datetime:
        self.seconds += seconds
        return self.now

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds)

    def edit(self, system: System, record_id: str | None = None, /, **values: JsonValue) -> str:
        """A person writes."""
        return self.vendors[system].write(values, at=self.tick(), record_id=record_id)

    def delete_record(self, system: System, record_id: str) -> None:
        """A person deletes, and a source has found out."""
        change = self.take(system, record_id)
        del self.vendors[system].records[record_id]
        del self.vendors[system].stamps[record_id]
        self.publish(change.model_copy(update={"data": None, "revision": change.revision + 1}))

    def take(self, system: System, record_id: str) -> Change:
        """A source reads; the change is not published yet."""
        observed = self.vendors[system].observed(record_id)
        counter = self.published.get(str(observed.ref), -1)
        revision = max(revision_of(observed.stamp.modified_at, 0), counter + 1)
        return Change(
            ref=observed.ref, revision=revision, stamp=observed.stamp, data=observed.data
        )

    def publish(self, change: Change) -> None:
        """Rule 6: never an older one than the last."""
        key = str(change.ref)
        if change.revision > self.published.get(key, -1):
            self.published[key] = change.revision
            self.queues["changes", key].append(change)

    def read(self, system: System, record_id: str, *, answers: str | None = None) -> None:
        """A source reads and publishes."""
        self.publish(self.take(system, record_id).model_copy(update={"answers": answers}))

    def read_ref(self, ref: Ref, *, answers: str | None = None) -> None:
        """A source reads and publishes."""
        self.read(ref.system, ref.record_id, answers=answers)

    def exists(self, ref: Ref) -> bool:
        return ref.record_id in self.vendors[ref.system].records

    def answer(self, command: Command) -> None:
        """A writer executes a command and publishes its result."""
        self.commands.remove(command)
        self.queues["results", str(command.seat)].append(self.executed(command))

    def executed(self, command: Command) -> Result:
        vendor = self.vendors[command.system]
        common = {
            "seat": command.seat,
            "number": command.number,
            "system": command.system,
            "answered_at": self.tick(),
        }
        if vendor.refuses:
            return Result(outcome=Outcome.REJECTED, words=vendor.refuses, **common)
        if command.action is Action.CREATE:
            return self._created(command, vendor, common)
        target = command.target
        assert target is not None
        stands = vendor.records[target.record_id]
        wished = all(stands.get(path) == value for path, value in command.values.items())
        based = all(stands.get(path) == value for path, value in command.base.items())
        if not wished and not based:
            observed = vendor.observed(target.record_id)
            return Result(outcome=Outcome.MOVED, ref=target, observed=observed, **common)
        if wished:
            observed = vendor.observed(target.record_id)
            return Result(outcome=Outcome.UPDATED, ref=target, observed=observed, **common)
        vendor.writes += 1
        vendor.write(command.values, at=self.tick(), record_id=target.record_id, by_anji=True)
        read_back = None if command.system is CRM else vendor.observed(target.record_id)
        return Result(outcome=Outcome.UPDATED, ref=target, observed=read_back, **common)

    def _created(self, command: Command, vendor: Vendor, common: Mapping[str, object]) -> Result:
        for look_up in command.look_ups:
            for record_id, record in vendor.records.items():
                if all(record.get(path) == value for path, value in look_up.conditions.items()):
                    ours = look_up.by != "natural key"
                    observed = vendor.observed(record_id)
                    return Result.model_validate(
                        {
                            "outcome": Outcome.CREATED if ours else Outcome.MATCHED,
                            "ref": observed.ref,
                            "observed": observed,
                            **common,
                        }
                    )
        if command.only_matches:
            return Result.model_validate({"outcome": Outcome.UNMATCHED, **common})
        vendor.creates += 1
        record_id = vendor.write(command.values, at=self.tick(), by_anji=True)
        observed = vendor.observed(record_id)
        return Result.model_validate(
            {"outcome": Outcome.CREATED, "ref": observed.ref, "observed": observed, **common}
        )

    # --- what the mapper does ------------------------------------------------------------

    def row(self, ref: str) -> CrosswalkRow | None:
        return self.rows.get(ref)

    def by_number(self, object_key: str, number: str) -> CrosswalkRow | None:
        rows = (row for row in self.rows.values() if row.business_number == number)
        return next(
            (row for row in rows if f"{row.ref.system}/{row.ref.object_name}" == object_key), None
        )

    def type_of(self, _key: Ref) -> LinkType:
        return self.link_type

    def context(self) -> Context:
        return Context(mappings=Mappings((self.link_type,)), references=self, now=self.now)

    def step(self, key: Ref, happened: Input) -> bool:
        """Step one seat; return whether anything came of it."""
        context, link_type = self.context(), self.type_of(key)
        before = self.seats.get(str(key)) or new_seat(key, link_type, context)
        after, effects = self.reducer.step(before, happened, link_type, context)
        if after is not before:
            self.seats[str(key)] = after
            check_decided(self.reducer, after, link_type, context)
        for effect in effects:
            match effect:
                case Command():
                    self.commands.append(effect)
                    self.sent.append(effect)
                case CrosswalkRow():
                    self.rows[str(effect.ref)] = effect
                case Entry():
                    self.queues["inbox", str(effect.to)].append(effect)
                case Notice():
                    self.notices.append(effect)
                case Signal():
                    self.signals.append(effect)
                case Sending():
                    self.exactly.append(effect.to_message())
        return after is not before or bool(effects)

    def deliver(self, queue: tuple[str, str]) -> None:
        """Deliver the next of a queue."""
        found = self.queues[queue].pop(0)
        if not self.queues[queue]:
            del self.queues[queue]
        self.delivered.append(found)
        self.hand_over(found)

    def hand_over(self, found: Change | Entry | Result) -> bool:
        match found:
            case Change():
                return self.step(found.ref, Changed(found))
            case Entry():
                return self.step(found.to, Told(found))
            case Result():
                return self.step(found.seat, Answered(found))

    def say(self, seat: Seat, kind: EntryKind, sender: str, **content: object) -> bool:
        """Tell a seat something; return whether anything came of it."""
        self.said += 1
        entry = Entry.model_validate(
            {
                "to": seat.key,
                "sender": sender,
                "sequence": self.said,
                "kind": kind,
                "at": self.tick(),
                **content,
            }
        )
        return self.step(seat.key, Told(entry))

    def wake(self, seat: Seat) -> bool:
        """The holder of its partner has let go."""
        return self.say(seat, EntryKind.WAKE, "person/holder")

    def retry(self, seat: Seat, problem: str) -> bool:
        """A person wants a problem tried again."""
        return self.say(seat, EntryKind.RETRY, "person/wang", problem=problem)

    def entries(self) -> list[Entry]:
        """Return what is on its way from seat to seat."""
        return [e for queue in self.queues.values() for e in queue if isinstance(e, Entry)]

    def look(self) -> None:
        """Time has passed: every seat is looked at."""
        for seat in list(self.seats.values()):
            self.step(seat.key, Looked())

    def rest(self) -> None:
        """Let everything happen that is due, signalled reads included, until nothing is left."""
        for _ in range(200):
            if self.queues:
                self.deliver(next(iter(self.queues)))
            elif self.commands:
                self.answer(self.commands[0])
            elif self.signals:
                signal = self.signals.pop(0)
                if signal.ref is not None and self.exists(signal.ref):
                    self.read_ref(signal.ref, answers=signal.answers)
            elif self.read_what_is_new():
                continue
            else:
                self.tick(31)
                self.look()
                if not (self.queues or self.commands or self.signals):
                    return
        msg = "it does not come to rest"
        raise AssertionError(msg)

    def read_what_is_new(self) -> bool:
        """A source reads the first record that has moved, if one has."""
        for system, vendor in self.vendors.items():
            for record_id, stamp in vendor.stamps.items():
                key = str(Ref(system, _OBJECT[system], record_id))
                if revision_of(stamp.modified_at, 0) > self.published.get(key, -1):
                    self.read(system, record_id)
                    return True
        return False

    def seat(self, system: System, record_id: str) -> Seat:
        return self.seats[str(Ref(system, _OBJECT[system], record_id))]

    def linked(self, record_id: str = "001", **values: JsonValue) -> str:
        """Make a customer in the CRM and let it cross; return the ERP record's id."""
        made = self.edit(CRM, name="Ann", tel="1", **values)
        assert made == record_id
        self.rest()
        row = self.rows[str(Ref(CRM, _OBJECT[CRM], record_id))]
        assert row.counterpart is not None
        return row.counterpart.record_id


def without(**rules: object) -> Rules:
    """Return the rules with some replaced."""
    return replace(RULES, **rules)  # type: ignore[arg-type]  # a test composes its own table

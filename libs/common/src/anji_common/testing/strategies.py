"""Hypothesis strategies for everything on topics; shipped, so that every member's tests use them.

Needs the package ``hypothesis``, which only tests install.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from pydantic import JsonValue

from anji_common.events.changes import Change, revision_of
from anji_common.events.commands import (
    Action,
    Command,
    CommandNumber,
    Finish,
    LookUp,
    RowRemoval,
    RowWish,
)
from anji_common.events.crosswalk import CrosswalkRow, RowState
from anji_common.events.inbox import Entry, EntryKind
from anji_common.events.notices import Notice, NoticeKind
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome, Result
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.topics import Lane

__all__ = [
    "as_record",
    "changes",
    "command_numbers",
    "commands",
    "crosswalk_rows",
    "documents",
    "entries",
    "instants",
    "json_values",
    "names",
    "notices",
    "observations",
    "records",
    "refs",
    "results",
    "signals",
    "stamps",
    "systems",
    "texts",
]

_MAX_JSON_INTEGER = 2**53 - 1
"""Integers above it are not the same number in every reader of JSON."""

systems = st.sampled_from(System)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
"""Any text that JSON and Kafka headers carry: Chinese, control characters, the empty one."""

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,15}", fullmatch=True)
"""Vendors' names of objects and fields."""

refs = st.builds(
    Ref,
    system=systems,
    object_name=names,
    record_id=st.from_regex(r"[A-Za-z0-9_./-]{1,24}", fullmatch=True),
)

instants = st.integers(0, 200_000_000_000).map(
    # From 2020 to 2026, by milliseconds: the finest step of either vendor.
    lambda ms: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-_MAX_JSON_INTEGER, _MAX_JSON_INTEGER) | texts,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(texts, inside, max_size=3),
    max_leaves=4,
)

documents = st.dictionaries(names, json_values, max_size=3)
"""Records as sources publish them, as far as their form goes."""

stamps = st.builds(
    Stamp,
    modified_at=instants,
    approved_at=st.none() | instants,
    status=st.none() | st.sampled_from(("Z", "A", "B", "C", "D")),
    modified_by=st.none() | texts,
    by_anji=st.booleans(),
    unread=st.lists(names, max_size=2).map(tuple),
)

observations = st.builds(Observed, ref=refs, stamp=stamps, data=documents)

command_numbers = st.builds(
    CommandNumber, generation=st.integers(1, 99), n=st.integers(1, 100_000)
)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Return a strategy for changes, tombstones among them."""
    stamp = draw(stamps)
    return Change(
        ref=draw(refs),
        revision=revision_of(stamp.modified_at, draw(st.integers(0, 1000))),
        stamp=stamp,
        data=draw(st.none() | documents),
        answers=draw(st.none() | command_numbers.map(str)),
    )


_look_ups = st.builds(
    LookUp,
    by=st.sampled_from(("marker", "number", "natural key")),
    conditions=st.dictionaries(names, json_values, min_size=1, max_size=2),
)

_rows = st.builds(
    RowWish,
    source_id=names,
    target_id=st.none() | names,
    values=documents,
    base=st.none() | documents,
)

_removals = st.builds(RowRemoval, source_id=names, target_id=names, base=documents)

commands = st.builds(
    Command,
    seat=refs,
    number=command_numbers,
    system=systems,
    object_name=names,
    action=st.sampled_from(Action),
    link_type=names,
    mapping_version=names,
    issued_at=instants,
    target=st.none() | refs,
    values=documents,
    base=documents,
    base_modified_at=st.none() | instants,
    rows=st.dictionaries(names, st.lists(_rows, max_size=2).map(tuple), max_size=2),
    removes=st.dictionaries(names, st.lists(_removals, max_size=2).map(tuple), max_size=2),
    numbers=st.dictionaries(refs.map(str), texts, max_size=2),
    packet=documents,
    look_ups=st.lists(_look_ups, max_size=2).map(tuple),
    finish=st.sampled_from(Finish),
    to=st.lists(names, max_size=2).map(tuple),
    text=texts,
    lane=st.sampled_from(Lane),
)

results = st.builds(
    Result,
    seat=refs,
    number=command_numbers,
    system=systems,
    outcome=st.sampled_from(Outcome),
    answered_at=instants,
    ref=st.none() | refs,
    business_number=st.none() | texts,
    observed=st.none() | observations,
    lines=st.dictionaries(names, st.dictionaries(names, names, max_size=2), max_size=2),
    words=texts,
    code=texts,
    field=texts,
    calls=st.integers(0, 9),
)

crosswalk_rows = st.builds(
    CrosswalkRow,
    ref=refs,
    counterpart=st.none() | refs,
    link_type=names,
    state=st.sampled_from(RowState),
    business_number=st.none() | texts,
    lines=st.dictionaries(names, names, max_size=3),
    shared=st.dictionaries(names, texts, max_size=3),
    updated_at=instants,
)

notices = st.builds(
    Notice,
    link=refs,
    link_type=names,
    kind=st.sampled_from(NoticeKind),
    at=instants,
    words=texts,
    details=documents,
)

entries = st.builds(
    Entry,
    to=refs,
    sender=refs.map(str) | names.map("person/{}".format),
    sequence=st.integers(0, _MAX_JSON_INTEGER),
    kind=st.sampled_from(EntryKind),
    at=instants,
    link_type=names,
    change=st.none() | changes(),
    observed=st.none() | observations,
    agreed=st.dictionaries(names, st.tuples(json_values, json_values), max_size=2),
    lines=st.dictionaries(names, st.dictionaries(names, names, max_size=2), max_size=2),
    holder=st.none() | refs,
    problem=texts,
    marker=st.none() | texts,
    winner=st.none() | systems,
)

signals = st.builds(
    Signal,
    system=systems,
    object_name=names,
    kind=st.sampled_from(SignalKind),
    at=instants,
    ref=st.none() | refs,
    answers=st.none() | command_numbers.map(str),
)

records = st.builds(
    Record,
    topic=names,
    partition=st.integers(0, 11),
    offset=st.integers(0, 1_000_000),
    timestamp_ms=st.integers(0, 2_000_000_000_000),
    key=st.none() | st.binary(max_size=30),
    value=st.none() | st.binary(max_size=60),
    headers=st.lists(st.tuples(names, st.binary(max_size=20)), max_size=4).map(tuple),
)
"""What anybody may have written to a topic."""


def as_record(message: Message, *, offset: int = 0, partition: int = 0) -> Record:
    """Return `message` as it is read, one second into 2026."""
    return Record(
        topic=message.topic,
        partition=partition,
        offset=offset,
        timestamp_ms=1_767_225_601_000,
        key=message.key.encode(),
        value=message.value,
        headers=message.headers,
    )

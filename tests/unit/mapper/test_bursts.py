"""What is part of a mass change: many changes of one object by one person, and nothing else."""

import pytest

from anji_common.events.changes import Change
from anji_common.events.commands import CommandNumber
from anji_common.events.inbox import Entry, EntryKind
from anji_common.events.observed import Stamp
from anji_common.events.results import Outcome, Result
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH
from anji_common.topics import Lane
from anji_mapper.bursts import Bursts
from anji_mapper.link.effects import in_bulk
from anji_mapper.link.inputs import Answered, Changed, Looked, Told

MOST, SECONDS = 3, 10.0


def change(n: int, by: str = "1000", name: str = "AccountObj", *, ours: bool = False) -> Changed:
    ref = Ref(System.FXIAOKE, name, f"{n}")
    stamp = Stamp(modified_at=EPOCH, modified_by=by, by_anji=ours)
    return Changed(Change(ref=ref, revision=n, stamp=stamp, data={}))


def test_what_one_person_changes_beyond_a_few_records_at_a_time_is_a_mass_change() -> None:
    bursts = Bursts(MOST, SECONDS)

    assert [bursts.take_in(change(n), n) for n in range(6)] == [False] * 3 + [True] * 3
    assert not bursts.take_in(change(7, by="1001"), 7)
    assert not bursts.take_in(change(8, name="SalesOrderObj"), 8)
    assert not bursts.take_in(Looked(), 9)


def test_who_changes_one_record_after_the_other_stays_live() -> None:
    bursts = Bursts(MOST, SECONDS)

    assert not any(bursts.take_in(change(n), 4000 * n) for n in range(100))


def test_when_a_mass_change_is_over_its_person_is_live_again() -> None:
    bursts = Bursts(MOST, SECONDS)
    for n in range(100):
        bursts.take_in(change(n), n)

    assert not bursts.take_in(change(100), 10_200)


def test_what_we_have_written_ourselves_is_no_mass_change() -> None:
    bursts = Bursts(MOST, SECONDS)

    assert not any(bursts.take_in(change(n, ours=True), n) for n in range(100))


@pytest.mark.parametrize("lane", Lane)
def test_what_follows_from_a_mass_change_is_part_of_it_and_nothing_else_is(lane: Lane) -> None:
    bursts = Bursts(MOST, SECONDS)
    seat = change(1).change.ref
    result = Result(
        seat=seat,
        number=CommandNumber(1, 1),
        system=System.K3CLOUD,
        outcome=Outcome.UPDATED,
        answered_at=EPOCH,
        lane=lane,
    )
    entry = Entry(to=seat, sender="x", sequence=1, kind=EntryKind.GRANT, at=EPOCH, lane=lane)

    assert bursts.take_in(Answered(result), 0) is (lane is Lane.BULK)
    assert bursts.take_in(Told(entry), 0) is (lane is Lane.BULK)
    assert in_bulk(entry) == entry.model_copy(update={"lane": Lane.BULK})

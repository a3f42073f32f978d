"""Any interleaving, duplication, delay and re-delivery: the sides converge, once.

Hypothesis plays people on both sides, sources that read early and publish late, writers, lost
results, topics that are delivered in any order and again, and time.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule

from anji_common.events.changes import Change
from anji_common.events.commands import Command
from anji_common.refs import System
from anji_mapper.link.state import Stage
from labs.link_lab import CRM, ERP, LinkLab, make_link_type

NAMES = st.sampled_from(("Ann", "Bea", "Cid", "Dan"))
FIELDS = {CRM: ("name", "tel", "remark"), ERP: ("FName", "FTEL", "FDescription")}


class TwoSides(RuleBasedStateMachine):
    records = Bundle("records")

    def __init__(self) -> None:
        super().__init__()
        self.lab = LinkLab(make_link_type(creates=(CRM, ERP)))
        self.taken: list[Change] = []
        self.made = 0
        self.edits = 0

    @precondition(lambda self: self.made < 3)
    @rule(target=records, system=st.sampled_from((CRM, ERP)), name=NAMES)
    def somebody_makes_a_record(self, system: System, name: str) -> tuple[System, str]:
        self.made += 1
        field = FIELDS[system][0]
        return system, self.lab.edit(system, **{field: f"{name} {self.made}"})

    @rule(record=records, field=st.integers(0, 2), value=NAMES)
    def somebody_edits_a_record(self, record: tuple[System, str], field: int, value: str) -> None:
        system, record_id = record
        self.edits += 1
        path = FIELDS[system][field]
        self.lab.edit(system, record_id, **{path: f"{value} {self.edits}"})

    @rule(data=st.data())
    def somebody_edits_what_anji_made(self, data: st.DataObject) -> None:
        known = [(s, i) for s, vendor in self.lab.vendors.items() for i in vendor.records]
        if known:
            system, record_id = data.draw(st.sampled_from(known))
            self.edits += 1
            path = FIELDS[system][data.draw(st.integers(0, 2))]
            self.lab.edit(system, record_id, **{path: f"edit {self.edits}"})

    @rule(data=st.data())
    def a_source_reads(self, data: st.DataObject) -> None:
        known = [(s, i) for s, vendor in self.lab.vendors.items() for i in vendor.records]
        if known:
            self.taken.append(self.lab.take(*data.draw(st.sampled_from(known))))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def a_source_publishes_what_it_read(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.taken) - 1))
        self.lab.publish(self.taken.pop(place))

    @precondition(lambda self: self.lab.queues)
    @rule(data=st.data())
    def something_arrives(self, data: st.DataObject) -> None:
        self.lab.deliver(data.draw(st.sampled_from(sorted(self.lab.queues))))

    @precondition(lambda self: self.lab.delivered)
    @rule(data=st.data())
    def something_arrives_again(self, data: st.DataObject) -> None:
        self.lab.hand_over(data.draw(st.sampled_from(self.lab.delivered)))

    @precondition(lambda self: self.lab.commands)
    @rule(data=st.data())
    def a_writer_answers(self, data: st.DataObject) -> None:
        self.lab.answer(data.draw(st.sampled_from(self.lab.commands)))

    @precondition(lambda self: self.lab.commands)
    @rule(data=st.data())
    def an_answer_is_lost_and_the_command_delivered_again(self, data: st.DataObject) -> None:
        command: Command = data.draw(st.sampled_from(self.lab.commands))
        self.lab.executed(command)

    @rule(seconds=st.sampled_from((0.0, 1.0, 40.0)))
    def time_passes(self, seconds: float) -> None:
        self.lab.tick(seconds)
        self.lab.look()

    def teardown(self) -> None:
        for change in self.taken:
            self.lab.publish(change)
        self.lab.rest()
        self.links_are_one_to_one()
        self.both_sides_agree()
        self.every_record_crossed_once()
        self.a_replay_does_nothing()

    def links_are_one_to_one(self) -> None:
        linked = [s for s in self.lab.seats.values() if s.stage is Stage.LINKED]
        assert len({seat.partner for seat in linked}) == len(linked)
        for seat in linked:
            assert self.lab.seats[str(seat.partner)].partner == seat.key
        assert not [s.problem for s in self.lab.seats.values() if s.problem is not None]

    def both_sides_agree(self) -> None:
        for seat in self.lab.seats.values():
            if seat.stage is Stage.LINKED and seat.partner is not None:
                crm = self.lab.vendors[CRM].records[seat.key.record_id]
                erp = self.lab.vendors[ERP].records[seat.partner.record_id]
                assert (crm.get("name"), crm.get("tel")) == (erp.get("FName"), erp.get("FTEL"))

    def every_record_crossed_once(self) -> None:
        vendors = self.lab.vendors
        assert len(vendors[CRM].records) == len(vendors[ERP].records) == self.made
        assert vendors[CRM].creates + vendors[ERP].creates == self.made

    def a_replay_does_nothing(self) -> None:
        assert not [found for found in self.lab.delivered if self.lab.hand_over(found)]


TestTwoSides: Any = TwoSides.TestCase
TestTwoSides.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

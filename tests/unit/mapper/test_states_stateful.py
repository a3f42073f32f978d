"""States under any order of events: both sides agree in the end, and a replay does nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st

from anji_mapper.link.state import Stage
from labs.link_lab import CRM, ERP
from labs.state_lab import StateLab

CRM_STATES = st.sampled_from(["normal", "invalid"])
ERP_STATES = st.sampled_from(["A", "B"])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("crm"), CRM_STATES),
        st.tuples(st.just("erp"), ERP_STATES),
        st.tuples(st.just("tel"), st.sampled_from("123")),
        st.tuples(st.just("deliver"), st.integers(0, 9)),
        st.tuples(st.just("answer"), st.integers(0, 9)),
        st.tuples(st.just("read"), st.sampled_from([CRM, ERP])),
    ),
    max_size=25,
)


def happen(lab: StateLab, event: tuple[str, object]) -> None:
    """Let one thing happen, if there is anything that it can happen to."""
    match event:
        case ("crm", str(status)):
            lab.edit(CRM, "001", life_status=status)
        case ("erp", str(status)):
            lab.edit(ERP, lab.erp_id, FForbidStatus=status)
        case ("tel", str(number)):
            lab.edit(CRM, "001", tel=number)
        case ("deliver", int(place)) if lab.queues:
            lab.deliver([*lab.queues][place % len(lab.queues)])
        case ("answer", int(place)) if lab.commands:
            lab.answer(lab.commands[place % len(lab.commands)])
        case ("read", system):
            lab.read(CRM if system is CRM else ERP, "001" if system is CRM else lab.erp_id)
        case _:
            pass


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_both_sides_agree_on_a_state_in_the_end_and_a_replay_does_nothing(
    events: list[tuple[str, object]],
) -> None:
    lab = StateLab()
    for event in events:
        happen(lab, event)

    lab.rest()

    crm, erp = lab.states
    seat = lab.seat(CRM, "001")
    assert (crm == "invalid") is (erp == "B")
    assert seat.stage is Stage.LINKED
    assert seat.problem is None
    done = list(lab.done)
    for found in list(lab.delivered):
        assert not lab.hand_over(found)
    assert lab.done == done


@settings(max_examples=100, deadline=None)
@given(EVENTS, CRM_STATES)
def test_the_last_word_about_a_state_is_kept(events: list[tuple[str, object]], last: str) -> None:
    lab = StateLab()
    for event in events:
        happen(lab, event)
    lab.rest()

    lab.void(last)

    assert lab.states[0] == last
    assert (lab.states[1] == "B") is (last == "invalid")
    tel = lab.vendors[CRM].records["001"]["tel"]
    if last == "normal":
        assert lab.vendors[ERP].records[lab.erp_id]["FTEL"] == tel

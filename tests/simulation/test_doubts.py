"""The oracle asks for no word that nobody could know of, and for every other one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from anji.simulation.controls import CONTROLS, RULE_BOOK, RuleBook
from anji.simulation.doubts import Heard, could_not_be_known, heard_by
from anji.simulation.run import FIRST_CALM_SECONDS
from anji.simulation.said import FORM, InSight
from anji.simulation.scene import REST_SECONDS, SAVES, Scene
from anji.simulation.world import World
from anji_common.events.changes import Change
from anji_common.events.commands import Action, Command, CommandNumber
from anji_common.events.notices import Notice, NoticeKind
from anji_common.events.observed import Observed, Stamp
from anji_common.events.results import Outcome, Result
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH, run_virtually
from anji_mapper.mapping.folder import load_mappings
from anji_sandbox.faults import Fault

HOME, PARTNER = Ref(System.FXIAOKE, "AccountObj", "1"), Ref(System.K3CLOUD, FORM, "9")
SPOKEN, FOUND, TOLD = (EPOCH + timedelta(seconds=each) for each in (10, 60, 61))
WORD = InSight(PARTNER, "FTEL", "theirs", "mine", SPOKEN)


def shows(tel: str) -> Observed:
    return Observed(ref=PARTNER, stamp=Stamp(modified_at=EPOCH), data={"FTEL": tel})


COMMAND = Command(
    seat=HOME,
    number=CommandNumber(1, 2),
    system=System.K3CLOUD,
    object_name=FORM,
    action=Action.UPDATE,
    link_type="customer",
    mapping_version="v1",
    issued_at=EPOCH,
    target=PARTNER,
    values={"FTEL": "theirs"},
    base={"FTEL": "before"},
)
RESULT = Result(
    seat=HOME,
    number=COMMAND.number,
    system=System.K3CLOUD,
    outcome=Outcome.MOVED,
    answered_at=FOUND,
    ref=PARTNER,
    observed=shows("mine"),
)
NOTICE = Notice(
    link=HOME,
    link_type="customer",
    kind=NoticeKind.CONFLICT_DECIDED,
    at=TOLD,
    details={"field": "tel~FTEL", "winner": "fxiaoke"},
)
CHANGE = Change(ref=PARTNER, revision=1, stamp=Stamp(modified_at=EPOCH), data={"FTEL": "theirs"})
HEARD = Heard([COMMAND], [RESULT], [(TOLD, CHANGE)], [NOTICE])
"""The source has read it after the conflict was decided: then the owner's word stood there."""


def test_a_word_over_a_write_that_nothing_of_ours_had_seen_is_not_asked_for() -> None:
    assert could_not_be_known(WORD, "theirs", HEARD)


def test_it_is_asked_for_where_something_else_stands_in_its_place() -> None:
    assert not could_not_be_known(WORD, "before", HEARD)


def seen_by_an_earlier_result() -> Result:
    update = {"number": CommandNumber(1, 1), "outcome": Outcome.UPDATED, "answered_at": SPOKEN}
    return RESULT.model_copy(update={**update, "observed": shows("theirs")})


KNOWN = {
    "nobody was told": replace(HEARD, notices=[]),
    "people were told before": replace(HEARD, notices=[NOTICE.model_copy(update={"at": SPOKEN})]),
    "people were told of another field": replace(
        HEARD, notices=[NOTICE.model_copy(update={"details": {"field": "fax~FFAX"}})]
    ),
    "people were told that the other word won": replace(
        HEARD,
        notices=[
            NOTICE.model_copy(update={"details": {"field": "tel~FTEL", "winner": "k3cloud"}})
        ],
    ),
    "people were told of another link": replace(
        HEARD, notices=[NOTICE.model_copy(update={"link": PARTNER})]
    ),
    "a source had read the write": replace(HEARD, reads=[(SPOKEN, CHANGE)]),
    "another result had shown the write": replace(
        HEARD, results=[RESULT, seen_by_an_earlier_result()]
    ),
    "the write was answered when he spoke": replace(
        HEARD, results=[RESULT.model_copy(update={"answered_at": EPOCH})]
    ),
    "the write was begun after he spoke": replace(
        HEARD, commands=[COMMAND.model_copy(update={"issued_at": FOUND})]
    ),
    "the write was done over his word": replace(
        HEARD, results=[RESULT.model_copy(update={"outcome": Outcome.UPDATED})]
    ),
    "the write met another word": replace(
        HEARD, results=[RESULT.model_copy(update={"observed": shows("before")})]
    ),
    "another word was written": replace(
        HEARD, commands=[COMMAND.model_copy(update={"values": {"FTEL": "other"}})]
    ),
    "another record was written": replace(
        HEARD, commands=[COMMAND.model_copy(update={"target": HOME})]
    ),
}


@pytest.mark.parametrize("case", KNOWN)
def test_the_same_word_is_asked_for_where_one_thing_is_otherwise(case: str) -> None:
    assert not could_not_be_known(WORD, "theirs", KNOWN[case])


def brought_about(rules: RuleBook, *, is_read: bool) -> tuple[set[str], bool]:
    """A save is done, its answer lost, and a person names the customer anew in sight of it.

    Returns:
        (what stands on both sides, whether his word could not be known).
    """

    async def story() -> tuple[set[str], bool]:
        async with World.begun(12, load_mappings(), rules) as world:
            await world.clock.sleep(FIRST_CALM_SECONDS)
            scene, source = Scene(world), world.processes["k3cloud-source"]
            crm_id, erp_id = await scene.customer("Ann")
            if not is_read:
                source.freeze()
            scene.faults(System.K3CLOUD).add(Fault(kind="drop_after", endpoint=SAVES))
            await scene.crm.update("AccountObj", crm_id, name="Bea")
            await scene.struck(System.K3CLOUD)
            writer = world.processes["k3cloud-writer"]
            await writer.kill()
            if is_read:
                await scene.sleep(10.0)
            ref = Ref(System.K3CLOUD, FORM, str(erp_id))
            word = InSight(ref, "FName", "Bea", "Cid", world.clock.now())
            await scene.erp.change(FORM, {"FCUSTID": erp_id, "FName": "Cid"})
            writer.start()
            source.thaw()
            await scene.sleep(2 * REST_SECONDS)
            heard = await heard_by(world)
            return await scene.names(crm_id), could_not_be_known(word, "Bea", heard)

    return run_virtually(story())


@pytest.mark.slow
def test_a_save_that_was_done_as_its_writer_died_and_that_nothing_had_read_is_such_a_case() -> (
    None
):
    assert brought_about(RULE_BOOK, is_read=False) == ({"Bea"}, True)


@pytest.mark.slow
def test_where_a_source_had_read_the_save_the_persons_word_stands() -> None:
    assert brought_about(RULE_BOOK, is_read=True) == ({"Cid"}, False)


@pytest.mark.slow
def test_a_save_that_is_repeated_over_the_persons_word_is_no_such_case() -> None:
    """Nobody is told, and nothing excuses it."""
    assert brought_about(CONTROLS["base"].rules, is_read=False) == ({"Bea"}, False)

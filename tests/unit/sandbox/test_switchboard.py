"""Switches as JSON, and turned while a sandbox runs."""

from dataclasses import fields

import pytest

from anji_sandbox.fxiaoke import FxiaokeSwitches
from anji_sandbox.switchboard import told, turn
from labs.crm import Crm


def test_every_switch_can_be_set_to_what_is_told_of_it() -> None:
    switches = FxiaokeSwitches(workflow_changes={"AccountObj": {"account_level": "1"}})

    turn(switches, told(switches))

    assert told(switches) == told(
        FxiaokeSwitches(workflow_changes={"AccountObj": {"account_level": "1"}})
    )
    assert set(told(switches)) == {each.name for each in fields(FxiaokeSwitches)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "a map by name"),
        ({"no_such_switch": 1}, "there is no switch no_such_switch"),
        ({"page_cap": 10, "companions": "no"}, "companions"),
        ({"page_cap": True}, "page_cap"),
        ({"query_lag_seconds": True}, "query_lag_seconds"),
        ({"event_types": []}, "event_types"),
        ({"over_page_cap": "explode"}, "one of"),
        ({"hidden_objects": "AccountObj"}, "hidden_objects"),
        ({"codes": {"locked": "x"}}, "locked"),
        ({"codes": {"nothing": 1}}, "nothing"),
    ],
)
def test_what_cannot_be_is_refused_whole(given: object, words: str) -> None:
    switches = FxiaokeSwitches()

    with pytest.raises(ValueError, match=words):
        turn(switches, given)

    assert switches == FxiaokeSwitches()


def test_a_running_crm_behaves_as_its_switches_are_turned() -> None:
    crm = Crm()
    first = crm.create("AccountObj", name="one", erp_id__c="7")
    crm.create("AccountObj", name="two")

    crm.core.administer(
        "POST",
        "switches",
        {
            "page_cap": 1,
            "most_filters": 5,
            "unique_fields": ["AccountObj.erp_id__c"],
            "codes": {"unique": 40001},
        },
    )
    given = {"dataObjectApiName": "AccountObj", "name": "x", "owner": ["1000"], "erp_id__c": "7"}
    refused = crm.call("data/create", {"object_data": given})
    crm.core.administer("POST", "switches", {"most_filters": None})

    assert crm.found("AccountObj") == [first]
    assert refused["errorCode"] == 40001
    assert crm.core.administer("GET", "switches", None)["most_filters"] is None

"""How a link stands, told in the CRM's own records, between both sandboxes."""

import pytest

from labs.quiet_world import QuietWorld, play

pytestmark = pytest.mark.timeout(240)

_TELLS = {"sync_status": "sync_status__c", "sync_message": "sync_message__c"}


def test_a_customer_says_why_it_is_not_linked_and_that_it_is_once_it_is_mended() -> None:
    async def story(world: QuietWorld) -> None:
        await world.customer("C-1")
        fields = {"name": "安济", "erp_number__c": "C-1"}
        customer = await world.crm.create("AccountObj", fields)

        async def says(word: str) -> bool:
            found = await world.crm_record("AccountObj", _id=customer)
            return bool(found.get("sync_status__c") == word)

        await world.until(lambda: says("异常"), "the customer has a problem")
        refused = await world.crm_record("AccountObj", _id=customer)
        (problem,) = (await world.problems()).values()
        await world.crm.update("AccountObj", customer, erp_number__c=None)
        await world.until(lambda: says("已同步"), "the customer is in step")

        mended = await world.crm_record("AccountObj", _id=customer)
        assert refused["sync_message__c"] == problem.words
        assert mended.get("sync_message__c") in {None, ""}
        assert mended["erp_number__c"]
        assert await world.problems() == {}

    play(story, {"customer": _TELLS})


def test_what_goes_well_costs_one_write_and_a_customers_number_none_more() -> None:
    async def story(world: QuietWorld) -> None:
        def writes() -> int:
            return world.world.vendors.writes["fxiaoke"]

        before = writes()
        customer = await world.crm.create("AccountObj", {"name": "安济"})

        async def numbered() -> object:
            return (await world.crm_record("AccountObj", _id=customer)).get("erp_number__c")

        await world.until(numbered, "the ERP's number in the CRM")
        await world.rest()
        made = writes() - before
        for tel in ("1", "2", "3"):
            await world.crm.update("AccountObj", customer, tel=tel)
            await world.rest()

        found = await world.crm_record("AccountObj", _id=customer)
        assert found["sync_status__c"] == "已同步"
        assert made == 2  # the person's create, and our number with the status
        assert writes() - before == 2 + 3  # the person's edits, and nothing of ours
        row = await world.erp_row("BD_Customer", "FTEL")
        assert row["FTEL"] == "3"

    play(story, {"customer": _TELLS})

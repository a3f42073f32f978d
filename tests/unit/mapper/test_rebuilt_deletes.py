"""Links made anew whose home was deleted: what was not done on the other side is told."""

import pytest

from anji_common.events.notices import Notice, NoticeKind
from anji_common.refs import Ref
from anji_mapper.link.rebuilt import Known, link_of
from labs.link_lab import CRM, ERP
from labs.state_lab import STATES, StateLab


@pytest.mark.parametrize(
    ("on_delete", "status", "is_told"),
    [
        ("on_delete: {crm: {do: forbid, approve: true}}\n", "A", True),
        ("on_delete: {crm: forbid}\n", "B", False),
        ("on_delete: {crm: ignore}\n", "A", False),
        ("", "A", False),
    ],
    ids=["nobody answered", "it was done", "it is ignored", "it is not mapped"],
)
@pytest.mark.parametrize("is_ended", [True, False], ids=["it was asked", "nobody had seen it"])
def test_a_partner_that_a_delete_would_have_taken_out_of_use_is_told_after_the_links_were_lost(
    on_delete: str, status: str, *, is_told: bool, is_ended: bool
) -> None:
    lab = StateLab(STATES + on_delete)
    lab.vendors[ERP].records[lab.erp_id]["FForbidStatus"] = status
    home, partner = lab.seat(CRM, "001").key, Ref(ERP, "BD_Customer", lab.erp_id)
    gone = lab.take(CRM, "001").model_copy(update={"data": None})
    changes = {home: gone, partner: lab.take(ERP, lab.erp_id)}

    rebuilt = link_of(Known(home, partner, changes, {}, is_ended), lab.link_type, lab.context())

    told = [each for each in rebuilt.home.effects if isinstance(each, Notice)]
    assert [each.kind for each in told] == ([NoticeKind.UNSETTLED] if is_told else [])
    assert all(str(partner) in each.words and "forbid" in each.words for each in told)

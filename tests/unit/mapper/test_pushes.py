"""From what a record is pushed, where its fields name no record."""

from anji_mapper.link.pushes import pushed
from anji_mapper.mapping.making import PushRule
from anji_mapper.mapping.model import Seen
from labs.crosswalk import Crosswalk

ORDER, BILL = "fxiaoke/SalesOrderObj/s1", "k3cloud/SAL_SaleOrder/200001"
RULE = PushRule("order_id", line=("lines", "order_line_id"))


def test_a_text_that_names_no_record_is_a_problem_of_its_link() -> None:
    """Raised, it would end the mapper where the link is looked at without a new input."""
    known = Crosswalk()
    known.link(ORDER, BILL, number="DD-1")
    lines = {"lines": {"l1": {"order_line_id": "10"}}}

    of_head = pushed(RULE, Seen({"order_id": "DD-1"}), known)
    of_line = pushed(RULE, Seen({"order_id": ORDER}, lines), known)

    assert of_head.unmapped == ["order_id says 'DD-1', which names no record"]
    assert of_line.unmapped == ["order_line_id of line l1 says '10': no record's name"]
    assert (of_head.awaited, of_line.awaited) == (set(), set())

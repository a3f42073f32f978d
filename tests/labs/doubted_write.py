"""An update that took effect, though its answer was lost, in a target that trims."""

from collections.abc import Callable

from anji_common.events.results import Outcome
from anji_mapper.link.rules import Rules
from labs.link_lab import CRM, ERP, LinkLab

__all__ = ["an_edit_of_what_came_of_a_doubted_write", "in_doubt_for_a_target_that_trims"]


def in_doubt_for_a_target_that_trims(lab: LinkLab) -> Callable[[], None]:
    """An update took effect, but its answer was lost; return what tells its result at last."""
    lab.linked()
    lab.vendors[ERP].trims = True
    lab.edit(CRM, "001", name=" Bea ")
    lab.read(CRM, "001")
    lab.deliver(("changes", "fxiaoke/AccountObj/001"))
    command = lab.commands.pop()
    lab.executed(command)  # its answer is lost

    def tell() -> None:
        result = lab.executed(command).model_copy(update={"calls": 1})
        assert result.outcome is Outcome.MOVED
        lab.queues["results", str(result.seat)].append(result)

    return tell


def an_edit_of_what_came_of_a_doubted_write(rules: Rules) -> bool:
    """A source read what the target made of our write; then a person edited that."""
    lab = LinkLab(rules=rules)
    tell = in_doubt_for_a_target_that_trims(lab)
    lab.read(ERP, "001")
    while lab.queues:
        lab.deliver(next(iter(lab.queues)))
    lab.edit(ERP, "001", FName="Cid")

    tell()
    lab.rest()

    names = lab.vendors[CRM].records["001"]["name"], lab.vendors[ERP].records["001"]["FName"]
    return names == ("Cid", "Cid") and not lab.notices

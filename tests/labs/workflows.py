"""Workflows under another name that change what we write: they must not keep us writing."""

from pydantic import JsonValue

from anji_mapper.link.rules import Rules
from labs.link_lab import CRM, ERP, LinkLab

__all__ = [
    "an_edit_while_a_workflow_rewrites_our_write",
    "lower",
    "upper",
    "workflows_that_add_to_each_others_values",
    "workflows_that_rewrite_each_other",
]


def upper(value: JsonValue) -> JsonValue:
    return value.upper() if isinstance(value, str) else value


def lower(value: JsonValue) -> JsonValue:
    return value.lower() if isinstance(value, str) else value


def workflows_that_rewrite_each_other(rules: Rules) -> bool:
    """Each side makes an edit of what the other wrote."""
    lab = LinkLab(rules=rules)
    lab.linked()
    lab.vendors[ERP].workflow, lab.vendors[CRM].workflow = upper, lower
    lab.edit(CRM, "001", name="bea")
    lab.rest()
    return lab.vendors[ERP].writes <= 2


def workflows_that_add_to_each_others_values(rules: Rules) -> bool:
    """Nothing is ever sent twice, so nothing comes back alike twice."""
    lab = LinkLab(rules=rules)
    lab.linked()
    lab.vendors[ERP].workflow = lab.vendors[CRM].workflow = lambda value: f"{value}+"
    lab.edit(CRM, "001", name="bea")
    try:
        lab.rest()
    except AssertionError:  # it never comes to rest
        return False
    return lab.vendors[ERP].writes + lab.vendors[CRM].writes <= 12


def an_edit_while_a_workflow_rewrites_our_write(rules: Rules) -> bool:
    """The field's owner is the side of the workflow, whose value nobody wished."""
    lab = LinkLab(rules=rules)
    lab.linked()
    lab.vendors[ERP].workflow = upper
    lab.edit(CRM, "001", tel="a")
    lab.read(CRM, "001")
    lab.deliver(("changes", "fxiaoke/AccountObj/001"))
    result = lab.executed(lab.commands.pop())
    lab.edit(CRM, "001", tel="b")
    lab.read(CRM, "001")
    lab.deliver(("changes", "fxiaoke/AccountObj/001"))
    lab.queues["results", str(result.seat)].append(result)
    lab.rest()
    return lab.vendors[CRM].records["001"]["tel"] == "B"

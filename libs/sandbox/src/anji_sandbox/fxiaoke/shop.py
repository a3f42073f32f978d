"""What every part of one CRM knows of it: the company, the switches, the objects."""

from dataclasses import dataclass

from anji_sandbox.fxiaoke.company import Company
from anji_sandbox.fxiaoke.objects import ObjectSpec
from anji_sandbox.switches import FxiaokeSwitches

__all__ = ["Shop"]


@dataclass(frozen=True, slots=True)
class Shop:
    """One CRM, but for its records."""

    company: Company
    switches: FxiaokeSwitches
    objects: dict[str, ObjectSpec]
    """By API name; grows when an administrator adds one."""

"""What people of a simulation have said of their customers, and what stands there instead."""

from dataclasses import dataclass
from datetime import datetime

from anji_common.refs import Ref

__all__ = ["FORM", "InSight", "Unheard"]

FORM = "BD_Customer"
"""Of the ERP's customers."""


@dataclass(frozen=True, slots=True)
class InSight:
    """A word that a person has said in the ERP, in sight of the CRM's last one."""

    ref: Ref
    """The ERP's record."""
    path: str
    """The ERP's field."""
    seen: str
    said: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unheard:
    """What stands in a field of a customer, though nobody has said it last."""

    words: str
    held: str
    in_sight: InSight | None
    """The only word that was said last, if it was one."""

"""What a login's answer tells of the site besides letting us in. Pure.

Source: reference "k3cloud-webapi.md", section 1.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Site", "site_of"]

_TICKS_OF_AN_HOUR = 36_000_000_000


@dataclass(frozen=True, slots=True)
class Site:
    """What a good login tells of the site."""

    version: str
    company: str
    data_center: str
    organisation: str
    user: str
    utc_offset_hours: float | None
    """Of the user's time zone there; `None` where the answer does not tell."""
    warning: str
    """What the login was accompanied by: a licence that ends soon."""


def site_of(told: Mapping[str, Any]) -> Site:
    """Return what a login's answer tells; empty texts for what it does not."""
    context = _map(told.get("Context"))
    ticks = _map(context.get("UTimeZone")).get("OffsetTicks")
    return Site(
        version=str(context.get("DisplayVersion") or ""),
        company=str(context.get("CustomName") or ""),
        data_center=str(context.get("DataCenterName") or ""),
        organisation=str(_map(context.get("CurrentOrganizationInfo")).get("Name") or ""),
        user=str(context.get("UserName") or ""),
        utc_offset_hours=None if not isinstance(ticks, int) else ticks / _TICKS_OF_AN_HOUR,
        warning=str(told.get("Message") or ""),
    )


def _map(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}

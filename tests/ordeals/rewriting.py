"""What people hear of a system that does not keep what it is sent (point h of the suite)."""

from random import Random

from anji_common.events.notices import NoticeKind
from ordeals.stage import Stage
from ordeals.told import notices

__all__ = ["people_were_told"]


async def people_were_told(stage: Stage, _chance: Random) -> None:
    """Look for the notices; there must be some, and no more than one for each value."""
    found = [
        each
        for each in await notices(stage.installation)
        if each.kind is NoticeKind.VALUE_REWRITTEN
    ]
    assert found, "nobody was told that the ERP rewrites what it is sent"
    stage.seen["notices of values that a side does not keep"] = len(found)
    values = sum(deed.field == "name" for deed in stage.diary.did("said", "AccountObj"))
    assert len(found) <= values, "people are told more often than values were said"

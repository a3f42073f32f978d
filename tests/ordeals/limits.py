"""Vendors that take no more calls for a while, each in its own words.

The day's quota is gone until midnight: every process has a clock of its own that stands shortly
before it (``ordeals.clocks``). The CRM's codes are those of its documents (30002, 30004), the
ERP's a MsgCode (14) and a firewall's dialogue.
"""

from collections.abc import Mapping
from random import Random

from anji_common.clock import SystemClock
from labs.installation import until
from labs.typed import asked
from ordeals.stage import Stage

__all__ = ["blocked_by_a_firewall", "quota_gone", "save_answered_502", "stormed"]

_CLOCK = SystemClock()
_SAVE = "*Save.common.kdsvc"
_TOO_OFTEN = 14
_LONG_SECONDS = 600.0
_BLOCKED = 3
_QUIET_LOOKS = 2
_SETTLED_SECONDS = 300.0
_MOST_CALLS_A_SECOND = 2.0
"""What a pause may still let through: each process meets the refusal once, and looks later."""


async def quota_gone(stage: Stage, _chance: Random) -> None:
    """The CRM refuses each call until it is midnight in Beijing; Anji says so, and waits."""
    crm, before = stage.vendors["fxiaoke"], stage.said(b"calls.resumed")
    words = {"words": "the daily quota of OpenAPI calls is used up", "calls": None}
    begun, hits = _CLOCK.monotonic(), await crm.hits()
    await crm.suffer([{"kind": "code", "code": 30002, **words}])
    await stage.provoke()
    await until(lambda: stage.said(b"calls.paused") > 0, "Anji says that it pauses")
    await _CLOCK.sleep(stage.midnight_at - _CLOCK.monotonic() - 1.0)
    refused = await crm.hits() - hits
    assert refused <= _MOST_CALLS_A_SECOND * (_CLOCK.monotonic() - begun), refused
    stage.broken["calls refused for want of quota"] += refused
    await crm.recover()
    await until(lambda: stage.said(b"calls.resumed") > before, "calls go on after midnight")


async def _save_struck(stage: Stage, rule: Mapping[str, object], times: int) -> None:
    """Let the saves of one new customer be answered so, and return when all of them were.

    Nobody edits that customer: what gives it up at that has lost it, and no edit begins it anew.
    """
    erp, name = stage.vendors["k3cloud"], f"PUT OFF {len(stage.diary.deeds)}"
    before = await erp.hits_by_kind()
    await erp.suffer([{"endpoint": _SAVE, "contains": name, "calls": times, **rule}])
    await stage.people.make_left_alone(name)
    kind = str(rule["kind"])

    async def is_struck() -> bool:
        return (await erp.hits_by_kind()).get(kind, 0) - before.get(kind, 0) >= times

    await until(is_struck, f"{times} saves of {name} are answered {rule}", seconds=_LONG_SECONDS)


async def save_answered_502(stage: Stage, _chance: Random) -> None:
    """Whatever stands before the ERP answers the save of a new customer with 502."""
    await _save_struck(stage, {"kind": "bad_gateway"}, 1)
    stage.broken["saves answered with 502"] += 1


async def stormed(stage: Stage, chance: Random) -> None:
    """Both systems say for seconds that they are called too often.

    The save of a new customer is the first that hears it, twice: what hears of a storm from
    another call waits before it sends anything.
    """
    crm, erp = (stage.vendors[name] for name in ("fxiaoke", "k3cloud"))
    before = await crm.hits() + await erp.hits()
    await _save_struck(stage, {"kind": "code", "code": _TOO_OFTEN}, 2)
    await crm.suffer([{"kind": "code", "code": 30004, "calls": None}])
    await erp.suffer([{"kind": "code", "code": _TOO_OFTEN, "calls": None}])
    await stage.provoke()
    await _CLOCK.sleep(chance.uniform(4.0, 8.0))
    stage.broken["calls refused as too many"] += await crm.hits() + await erp.hits() - before
    await crm.recover()
    await erp.recover()


async def blocked_by_a_firewall(stage: Stage, _chance: Random) -> None:
    """A firewall stops all saves; an operator tries again what was refused when it is gone.

    It stands until a problem is shown: saves of several records are halved, so that on a busy
    machine so many blocked calls leave no record refused.
    """
    erp, said = stage.vendors["k3cloud"], "请求参数存在可疑数据"
    before = await erp.hits()
    await erp.suffer([{"kind": "waf", "endpoint": _SAVE, "calls": None}])

    async def are_blocked() -> bool:
        await stage.provoke()
        return await erp.hits() - before >= _BLOCKED

    await until(are_blocked, "saves are blocked")
    settings = stage.installation

    async def is_told() -> bool:
        return said in await asked(settings, "problems", "list")

    await until(is_told, "the problem is shown in the firewall's words")
    stage.broken["saves blocked by a firewall"] += await erp.hits() - before
    await erp.recover()
    looks = 0

    async def is_settled() -> bool:
        nonlocal looks
        if await is_told():  # a refusal may have been on its way
            looks = 0
            await asked(settings, "problems", "retry", "--cause", said, "--apply")
        else:
            looks += 1
        return looks == _QUIET_LOOKS

    await until(is_settled, "all was tried again", seconds=_SETTLED_SECONDS)

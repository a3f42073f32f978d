"""What looks like deletes and is none, and deletes that people do (point g of the suite).

These happen while people rest, so that only what is looked for meanwhile can be mistaken.
"""

from collections.abc import Awaitable, Callable
from random import Random

from anji.people import CrmUser, ErpUser
from anji_common.clock import SystemClock
from labs.installation import StillNotError, until
from labs.typed import asked
from ordeals.diary import Deed, Side
from ordeals.stage import Stage
from ordeals.told import tombstones

__all__ = ["people_deleted", "records_of_a_branch", "sight_troubled"]

_CLOCK = SystemClock()
_CRM_QUERY = {"endpoint": "*/data/query", "contains": '"IN"', "calls": None}
_ERP_QUERY = {"endpoint": "*.ExecuteBillQuery.common.kdsvc", "contains": " in (", "calls": None}
"""Queries by id, as the patrol makes them; nothing else is asked while people rest."""
_BRANCH = "101"
_BRANCH_RECORDS = 3
_MANY = 6
_LONG_SECONDS = 60.0
_NOT_FOUND_SECONDS = 600.0
_DELETES_BY = {"crm": "ProductObj", "erp": "BD_MATERIAL"}


async def records_of_a_branch(stage: Stage, _chance: Random) -> None:
    """The ERP's people make materials of another organisation."""
    erp = _erp(stage)
    for number in range(_BRANCH_RECORDS):
        await _make_material(stage, erp, f"BR{number}", _BRANCH)
    await _crossed(stage, _BRANCH_RECORDS, "BR")


async def sight_troubled(stage: Stage, _chance: Random) -> None:
    """Queries by id say yes and leave out all, the end, or one; or find no page; or no right."""
    crm, erp = stage.vendors["fxiaoke"], stage.vendors["k3cloud"]
    seconds = stage.work_seconds
    for ours, theirs in (("empty", "cut"), ("cut", "shifted"), ("shifted", "empty")):
        for share in (1.0, 0.5):
            await crm.suffer([{"kind": ours, "share": share, **_CRM_QUERY}])
            await erp.suffer([{"kind": theirs, "share": share, **_ERP_QUERY}])
            await _rest(stage, seconds / 2)
    await crm.suffer([{"kind": "not_found", "endpoint": "*/data/query", "calls": None}])
    await erp.suffer([{"kind": "not_found", "endpoint": "*Query*", "calls": None}])
    await _rest(stage, _NOT_FOUND_SECONDS if seconds >= _LONG_SECONDS else seconds)
    await erp.tell("_switches", {"hidden_organisations": [_BRANCH]})
    await until(lambda: _is_missed(stage), "the branch's records are missed")
    await _CLOCK.sleep(seconds)
    await erp.tell("_switches", {"hidden_organisations": []})
    stage.broken["organisation hidden from Anji"] += 1
    await _CLOCK.sleep(seconds)


async def _is_missed(stage: Stage) -> bool:
    """Whether a round has missed what Anji may not see: it is held, or told to be gone."""
    form = _DELETES_BY["erp"]
    told = any(f"/{form}/" in ref for ref in await tombstones(stage.installation))
    return told or form in await asked(stage.installation, "deletes", "list")


async def people_deleted(stage: Stage, _chance: Random) -> None:
    """One record goes on either side, then so many that a person has to approve it."""
    crm, erp = _crm(stage), _erp(stage)
    codes = [f"DEL{number}" for number in range(2 * (1 + _MANY))]
    ours, theirs = codes[::2], codes[1::2]
    ids = {code: await _make_product(stage, crm, code) for code in ours}
    for code in theirs:
        await _make_material(stage, erp, code, "100")
    await _crossed(stage, len(codes), "DEL")

    stage.broken["records deleted by people"] += len(codes)
    began = _CLOCK.monotonic()
    await _delete_product(stage, crm, ids[ours[0]], is_alone=True)
    await _delete_material(stage, erp, theirs[0], is_alone=True)
    if not await _within(stage, lambda: _has_told_all(stage)):
        return
    stage.seen["seconds until a delete was found"] = _CLOCK.monotonic() - began

    for code in ours[1:]:
        await _delete_product(stage, crm, ids[code])
    for code in theirs[1:]:
        await _delete_material(stage, erp, code)
    for name in _DELETES_BY.values():

        async def waits(name: str = name) -> bool:
            return name in await asked(stage.installation, "deletes", "list")

        await until(waits, f"deletes of {name} are held", seconds=stage.patience_seconds)
        told = sum(f"/{name}/" in ref for ref in await tombstones(stage.installation))
        assert told == 1, f"{told - 1} of many deletes of {name} were told, and nobody approved"
        stage.broken[f"deletes of {name} held until a person approved"] += _MANY
        await asked(stage.installation, "deletes", "approve", name, "--apply")
    await _within(stage, lambda: _has_told_all(stage))


async def _rest(stage: Stage, seconds: float) -> None:
    """Let both vendors answer so for a while, then well again."""
    before = {name: await vendor.hits() for name, vendor in stage.vendors.items()}
    await _CLOCK.sleep(seconds)
    for name, vendor in stage.vendors.items():
        stage.broken[f"answers of {name} with records left out"] += (
            await vendor.hits() - before[name]
        )
        await vendor.recover()


async def _within(stage: Stage, condition: Callable[[], Awaitable[bool]]) -> bool:
    """Wait for something; say whether it came. The oracle tells what did not."""
    try:
        await until(condition, "a delete is told", seconds=stage.patience_seconds)
    except StillNotError:
        return False
    return True


async def _has_told_all(stage: Stage) -> bool:
    gone = {deed.value for deed in stage.diary.did("ended")}
    return gone <= (await tombstones(stage.installation)).keys()


async def _crossed(stage: Stage, count: int, prefix: str) -> None:
    def is_there() -> bool:
        stands = stage.shelves()
        ours = {
            str(each.get("product_code")) for each in stands.crm.get("ProductObj", {}).values()
        }
        heads = (each["head"] for each in stands.erp.get("BD_MATERIAL", {}).values())
        both = ours & {str(head.get("FNumber")) for head in heads}
        return sum(code.startswith(prefix) for code in both) >= count

    await until(is_there, f"the {count} records named {prefix} crossed")
    await _CLOCK.sleep(2.0)  # what was published has to be known to the patrol


async def _make_product(stage: Stage, crm: CrmUser, code: str) -> str:
    fields = {"name": code, "product_code": code, "price": "10"}
    made = await crm.create("ProductObj", fields)
    stage.peoples_writes += 1
    _note(stage, "crm", "made", made)
    _say(stage, "crm", made, code)
    return made


async def _make_material(stage: Stage, erp: ErpUser, code: str, organisation: str) -> None:
    named = {"FNumber": organisation}
    model = {"FMATERIALID": 0, "FCreateOrgId": named, "FUseOrgId": named}
    await erp.save("BD_MATERIAL", {**model, "FNumber": code, "FName": code})
    stage.peoples_writes += 1
    _note(stage, "erp", "made", code)
    _say(stage, "erp", code, code)


async def _delete_product(
    stage: Stage, crm: CrmUser, record_id: str, *, is_alone: bool = False
) -> None:
    of = {"dataObjectApiName": "ProductObj"}
    await crm.call("data/invalid", {**of, "object_data_id": record_id})
    await crm.call("data/delete", {**of, "idList": [record_id]})
    stage.peoples_writes += 2
    _note(stage, "crm", "ended", record_id, f"fxiaoke/ProductObj/{record_id}", is_alone=is_alone)


async def _delete_material(
    stage: Stage, erp: ErpUser, code: str, *, is_alone: bool = False
) -> None:
    (row,) = await erp.every("BD_MATERIAL", ["FMATERIALID"], f"FNumber='{code}'")
    await erp.do("Delete", "BD_MATERIAL", {"Numbers": [code]})
    stage.peoples_writes += 1
    ref = f"k3cloud/BD_MATERIAL/{row['FMATERIALID']}"
    _note(stage, "erp", "ended", code, ref, is_alone=is_alone)


def _note(  # noqa: PLR0913 - a deed
    stage: Stage, side: str, what: str, record: str, ref: str = "", *, is_alone: bool = False
) -> None:
    stage.diary.note(
        Deed(
            ordeal="deletes",
            side="crm" if side == "crm" else "erp",
            what="made" if what == "made" else "ended",
            kind="ProductObj",
            record=record,
            value=ref,
            at=_CLOCK.now().isoformat() if is_alone else "",
        )
    )


def _say(stage: Stage, side: Side, record: str, name: str) -> None:
    stage.diary.note(
        Deed(
            ordeal="deletes",
            side=side,
            what="said",
            kind="ProductObj",
            record=record,
            field="name",
            value=name,
        )
    )


def _crm(stage: Stage) -> CrmUser:
    return CrmUser(stage.vendors["fxiaoke"], stage.vendors["fxiaoke"].known)


def _erp(stage: Stage) -> ErpUser:
    return ErpUser(stage.vendors["k3cloud"], stage.vendors["k3cloud"].known)

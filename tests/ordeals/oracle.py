"""What became of every record: the people's diary against what stands on both systems' shelves.

It knows the meaning of the shipped mappings and no code that carries them out: it imports nothing
but the standard library and its two neighbours (a test sees to it). Which records belong together
it learns from the mark in the ERP's record, or, where people made both, from the number.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ordeals.diary import Deed, Diary
from ordeals.shelves import Shelves

__all__ = ["FATES", "Fate", "Finding", "judge", "made_and_gone"]

_FORMS = {
    "AccountObj": "BD_Customer",
    "ProductObj": "BD_MATERIAL",
    "SalesOrderObj": "SAL_SaleOrder",
}
_FIELDS = {
    "AccountObj": {
        "name": "FName",
        "tel": "FTEL",
        "address": "FADDRESS",
        "remark": "FDescription",
    },
    "ProductObj": {"name": "FName", "remark": "FDescription"},
    "SalesOrderObj": {"remark": "FNote"},
}
_NUMBERS = {"AccountObj": "erp_number__c", "ProductObj": "product_code", "SalesOrderObj": "name"}
_MARK, _LINE_MARK = "F_ANJI_MARKER", "F_ANJI_LINE"
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One record that did not fare as it should."""

    fate: str
    record: str
    words: str

    def __str__(self) -> str:
        return f"{self.fate}: {self.record} {self.words}"


@dataclass(slots=True)
class Fate:
    """What became of all records of a diary."""

    records: int = 0
    """Made by people, on either side; what both made under one number counts once."""
    edits: int = 0
    crossed: int = 0
    """Records that stand on both sides, once, with the same values, all said by somebody."""
    findings: list[Finding] = field(default_factory=list)

    def count(self, fate: str) -> int:
        """Return how many findings are of one sort."""
        return sum(found.fate == fate for found in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """Return the findings of every sort, also of those that were not found."""
        return {fate: self.count(fate) for fate in FATES}

    @property
    def is_good(self) -> bool:
        """Whether every record crossed, and nothing else was found."""
        return not self.findings and self.crossed == self.records


FATES = ("lost", "doubled", "deleted", "kept", "overwritten", "differing")
"""`lost`: has no counterpart. `doubled`: has several, or no person made it, or it was made more
often than it stands there. `deleted`: gone or voided, or told to be gone, and no person did it.
`kept`: a person deleted it, and it stands again, or nobody was told, or not by the next round.
`overwritten`: holds what is nobody's last word. `differing`: the sides hold not the same."""


def judge(diary: Diary, shelves: Shelves, told: Mapping[str, int] | None = None) -> Fate:
    """Compare everything that was done with everything that stands there.

    Args:
        diary: What people did.
        shelves: What stands on both sides.
        told: Refs of records that Anji has told to be gone, and how many rounds of its patrol had
            begun since the delete by then; `None`: nobody looked.
    """
    fate = Fate(edits=sum(1 for _ in diary.did("said")))
    if told is not None:
        fate.findings += _told_gone({deed.value for deed in diary.did("ended")}, told)
        fate.findings += _told_late(told)
    words = _last_words(diary)
    lines = _Lines(shelves)
    ended = {(deed.kind, deed.record) for deed in diary.did("ended")}
    refused = {deed.record for deed in diary.did("refused")}
    for kind in _FORMS:
        counterparts = _counterparts(kind, shelves)
        made = {deed.record: deed for deed in diary.did("made", kind)}
        for record, deed in _once(kind, made, shelves).items():
            if (kind, record) in ended:
                continue
            fate.records += 1
            found = list(_of_one(deed, counterparts, words, shelves, lines))
            fate.findings += found
            fate.crossed += not found
        fate.findings += _nobodys(kind, made, refused, shelves)
    fate.findings += _refused(refused, shelves)
    fate.findings += _stand_again(diary, shelves)
    fate.findings += lines.of_no_order()
    return fate


def made_and_gone(diary: Diary, shelves: Shelves, log: Mapping[str, int]) -> list[Finding]:
    """Compare what the vendors' logs of calls say was made with what stands there.

    What was made twice, of which one has gone again, shows on no shelf.

    Args:
        diary: What people did.
        shelves: What stands on both sides.
        log: Committed writes of all callers, such as ``{"AccountObj create": 3}``.
    """
    found: list[Finding] = []
    for kind, form in _FORMS.items():
        gone = sum(1 for _ in diary.did("ended", kind))
        for name, there in ((kind, shelves.crm.get(kind, {})), (form, shelves.erp.get(form, {}))):
            created = log.get(f"{name} create", 0)
            if created > len(there) + gone:
                words = f"were made {created} times, {len(there)} stand, people deleted {gone}"
                found.append(Finding("doubled", name, words))
    return found


def _refused(refused: Collection[str], shelves: Shelves) -> Iterator[Finding]:
    """What the ERP refuses for ever stands in the CRM as it was made, and nowhere else."""
    customers = shelves.crm.get("AccountObj", {})
    counterparts = _counterparts("AccountObj", shelves)
    for record in sorted(refused):
        if not _is_in_use(customers.get(record)):
            yield Finding("deleted", f"AccountObj {record}", "is refused, and gone or void")
        if record in counterparts:
            yield Finding("doubled", f"AccountObj {record}", "is refused, and stands in the ERP")


def _stand_again(diary: Diary, shelves: Shelves) -> Iterator[Finding]:
    """What a person deleted on one side does not stand there any more."""
    for deed in diary.did("ended"):
        if deed.side == "crm":
            is_there = _is_in_use(shelves.crm.get(deed.kind, {}).get(deed.record))
        else:
            heads = (each["head"] for each in shelves.erp.get(_FORMS[deed.kind], {}).values())
            is_there = any(_number(head) == deed.record for head in heads)
        if is_there:
            name = f"{deed.kind} {deed.record}"
            yield Finding("kept", name, f"was deleted in the {deed.side.upper()} and stands again")


def _told_gone(gone: Collection[str], told: Collection[str]) -> Iterator[Finding]:
    for ref in sorted({*told} - {*gone}):
        yield Finding("deleted", ref, "was told to be gone, and no person deleted it")
    for ref in sorted({*gone} - {*told}):
        yield Finding("kept", ref, "was deleted, and nobody was told")


def _told_late(told: Mapping[str, int]) -> Iterator[Finding]:
    """A delete that nobody has to approve is found by the first round that begins after it."""
    for ref, rounds in sorted(told.items()):
        if rounds > 1:
            yield Finding("kept", ref, f"was told to be gone by round {rounds} after its delete")


def _once(kind: str, made: dict[str, Deed], shelves: Shelves) -> dict[str, Deed]:
    """Leave out what the ERP's people made under the number of a record of the CRM's people."""
    numbers = {
        str(shelves.crm.get(kind, {}).get(record, {}).get(_NUMBERS[kind]))
        for record, deed in made.items()
        if deed.side == "crm"
    }
    return {r: d for r, d in made.items() if d.side == "crm" or r not in numbers}


def _nobodys(
    kind: str, made: Mapping[str, Deed], refused: Collection[str], shelves: Shelves
) -> Iterator[Finding]:
    """Give what no person made and what is no counterpart of anything that a person made.

    A counterpart that begins a record of its own on the other side is such a double: it has an id
    that no diary knows.
    """
    ids = {record for record, deed in made.items() if deed.side == "crm"} | {*refused}
    numbers = {record for record, deed in made.items() if deed.side == "erp"}
    held = set()
    for record_id, record in shelves.crm.get(kind, {}).items():
        number = str(record.get(_NUMBERS[kind]))
        held.add(number)
        if record_id not in ids and number not in numbers:
            yield Finding("doubled", f"{kind} {record_id}", "stands in the CRM, made by no person")
    for record in shelves.erp.get(_FORMS[kind], {}).values():
        head = record["head"]
        mark = str(head.get(_MARK) or "").removeprefix(f"fxiaoke/{kind}/")
        number = _number(head)
        if mark not in ids and number not in (numbers if mark else numbers | held):
            yield Finding("doubled", f"{kind} {number}", "stands in the ERP, made by no person")


def _last_words(diary: Diary) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return by kind, record and field what each side said last."""
    words: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for deed in diary.did("said"):
        words[deed.kind, deed.record, deed.field][deed.side] = deed.value
    return words


def _counterparts(kind: str, shelves: Shelves) -> Mapping[str, list[Record]]:
    """Return the ERP's records of a kind by the CRM id in their mark, and by their number."""
    found: dict[str, list[Record]] = defaultdict(list)
    for record in shelves.erp.get(_FORMS[kind], {}).values():
        head = record["head"]
        mark = str(head.get(_MARK) or "")
        if mark:
            found[mark.removeprefix(f"fxiaoke/{kind}/")].append(record)
        else:
            found[f"number {_number(head)}"].append(record)
    return found


def _of_one(
    deed: Deed,
    counterparts: Mapping[str, list[Record]],
    words: Mapping[tuple[str, str, str], Mapping[str, str]],
    shelves: Shelves,
    lines: "_Lines",
) -> Iterator[Finding]:
    name = f"{deed.kind} {deed.record}"
    ours = _ours(deed, shelves)
    if len(ours) != 1:
        fate = "doubled" if ours else "lost" if deed.side == "erp" else "deleted"
        yield Finding(fate, name, f"stands {len(ours)} times in the CRM")
        return
    mine = ours[0]
    number = str(mine.get(_NUMBERS[deed.kind]))
    theirs = [*counterparts.get(mine["_id"], ()), *counterparts.get(f"number {number}", ())]
    if len(theirs) != 1:
        yield Finding(
            "doubled" if theirs else "lost", name, f"stands {len(theirs)} times in the ERP"
        )
        return
    head = theirs[0]["head"]
    if not _is_in_use(mine) or head.get("FForbidStatus") == "B":
        yield Finding("deleted", name, "was voided or forbidden, and no person did it")
        return
    if _number(head) != number:
        yield Finding("differing", name, "carries another number in the ERP")
    if deed.number not in ("", number):
        yield Finding("overwritten", name, f"is numbered {number!r}, and not {deed.number!r}")
    yield from _fields(deed, name, mine, head, words)
    if deed.lines:
        yield from _lines(deed, name, mine, theirs[0], lines)


def _ours(deed: Deed, shelves: Shelves) -> list[Record]:
    records = shelves.crm.get(deed.kind, {})
    if deed.side == "crm":
        return [records[deed.record]] if deed.record in records else []
    return [each for each in records.values() if each.get(_NUMBERS[deed.kind]) == deed.record]


def _fields(
    deed: Deed,
    name: str,
    mine: Record,
    head: Record,
    words: Mapping[tuple[str, str, str], Mapping[str, str]],
) -> Iterator[Finding]:
    for ours, theirs in _FIELDS[deed.kind].items():
        held = (_text(mine.get(ours)), _text(head.get(theirs)))
        if held[0] != held[1]:
            yield Finding("differing", name, f"{ours}: CRM {held[0]!r}, ERP {held[1]!r}")
        said = words.get((deed.kind, deed.record, ours), {"nobody": ""})
        is_last = held[1] in {_text(word) for word in said.values()}
        if not is_last or _raw(mine.get(ours)) not in said.values():
            yield Finding("overwritten", name, f"{ours}: holds {held!r}, last said was {said!r}")


class _Lines:
    """Lines of orders on both sides, found without going through all of them for each order."""

    def __init__(self, shelves: Shelves) -> None:
        crm, erp = shelves.crm, shelves.erp
        self.codes = {r["_id"]: r.get("product_code") for r in crm.get("ProductObj", {}).values()}
        self.numbers = {r["id"]: r["head"]["FNumber"] for r in erp.get("BD_MATERIAL", {}).values()}
        self.ours = {
            r["_id"]: r.get(_NUMBERS["AccountObj"]) for r in crm.get("AccountObj", {}).values()
        }
        """Customers of the CRM: id to number."""
        self.theirs = {r["id"]: r["head"]["FNumber"] for r in erp.get("BD_Customer", {}).values()}
        self.of_order: dict[str, list[Record]] = defaultdict(list)
        for line in crm.get("SalesOrderProductObj", {}).values():
            self.of_order[line["order_id"]].append(line)
        self._orders = {*crm.get("SalesOrderObj", ())}

    def of_no_order(self) -> Iterator[Finding]:
        """Give the lines whose order does not stand there."""
        for order in sorted({*self.of_order} - self._orders):
            words = f"has {len(self.of_order[order])} lines in the CRM and does not stand there"
            yield Finding("doubled", f"SalesOrderObj {order}", words)

    def in_the_crm(self, line: Record) -> "_Line":
        """Return what a line of the CRM says."""
        return _line(self.codes.get(line["product_id"]), line["quantity"], line["sales_price"])

    def in_the_erp(self, row: Record) -> "_Line":
        """Return what a row of the ERP says."""
        head = row["head"]
        return _line(self.numbers.get(head["FMaterialId"]), head["FQty"], head["FTaxPrice"])


def _lines(
    deed: Deed, name: str, mine: Record, theirs: Record, lines: _Lines
) -> Iterator[Finding]:
    """Compare an order's customer and lines with what its maker entered, on both sides."""
    head, rows = theirs["head"], theirs["rows"].get("FSaleOrderEntry", ())
    numbers = (lines.ours.get(mine["account_id"]), lines.theirs.get(head.get("FCustId")))
    if numbers[0] is None or numbers[0] != numbers[1]:
        yield Finding("differing", name, f"is of customer {numbers[0]!r}, ERP {numbers[1]!r}")
    if deed.value not in ("", mine["account_id"]):
        yield Finding("overwritten", name, f"is of {mine['account_id']}, and not of {deed.value}")
    entered = Counter(_line(*each) for each in deed.lines)
    ours = {line["_id"]: lines.in_the_crm(line) for line in lines.of_order.get(mine["_id"], ())}
    shown = [(str(row["head"].get(_LINE_MARK) or ""), lines.in_the_erp(row)) for row in rows]
    counted = Counter(ours.values()), Counter(line for _, line in shown)
    if not entered == counted[0] == counted[1]:
        yield Finding("differing", name, f"lines: {entered}, CRM {counted[0]}, ERP {counted[1]}")
    elif any(mark and ours.get(mark) != line for mark, line in shown):
        yield Finding("differing", name, f"rows say what other lines say: CRM {ours}, ERP {shown}")
    if head.get("FDocumentStatus") != "C":
        yield Finding("differing", name, "is not audited in the ERP")


_Line = tuple[str, float, float]
"""Product, quantity, price."""


def _line(code: object, quantity: object, price: object) -> _Line:
    return str(code), float(str(quantity)), float(str(price))


def _is_in_use(record: Record | None) -> bool:
    """Say whether a record of the CRM stands there, and is not void."""
    return record is not None and record.get("life_status") != "invalid"


def _number(head: Record) -> str:
    return str(head.get("FNumber") or head.get("FBillNo"))


def _raw(value: object) -> str:
    """Blanks that the CRM's people entered stand there still."""
    return "" if value is None else str(value)


def _text(value: object) -> str:
    """Blank and absent are the same; the ERP cuts blanks at both ends."""
    return "" if value is None else str(value).strip()

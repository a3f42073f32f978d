"""A made-up company's records, as the sources publish them: normalised, with fields nobody maps.

Sizes are those of ordinary records: a customer of 1 kB, an order with one to twenty lines. The
same seed gives the same company.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from pydantic import JsonValue

from anji_common.events.changes import Change, revision_of
from anji_common.events.observed import Stamp
from anji_common.refs import Ref, System
from anji_common.testing.virtual_time import EPOCH

__all__ = ["Company", "Ticks", "unmapped"]

Doc = dict[str, JsonValue]
_MAX_LINES = 20
_UNMAPPED = 12
_PEOPLE = 40


@dataclass(slots=True)
class Ticks:
    """A vendor's clock: every record has a time of its own."""

    now: datetime = EPOCH

    def next(self) -> datetime:
        """Return the next time."""
        self.now += timedelta(milliseconds=10)
        return self.now


def unmapped(chance: Random) -> Doc:
    """Return fields such as a company adds for itself."""
    return {
        f"field_{n:02}__c": chance.choice((None, "1", f"some words, {n}", "2026-01-05"))
        for n in range(_UNMAPPED)
    }


@dataclass
class Company:
    """The people who work in the CRM."""

    chance: Random = field(default_factory=lambda: Random("bench"))
    ticks: Ticks = field(default_factory=Ticks)
    records: dict[Ref, Doc] = field(default_factory=dict)
    people: Iterator[str] = field(
        default_factory=lambda: cycle([f"{n}" for n in range(1000, 1000 + _PEOPLE)])
    )
    """Who changes the next record: so many that at 100 a second nobody makes a mass change."""

    def products(self, count: int) -> list[Change]:
        """Make products."""
        return [self._made("ProductObj", n, self._product(n)) for n in range(count)]

    def customers(self, count: int, *, first: int = 0) -> list[Change]:
        """Make customers; the first has that number."""
        numbers = range(first, first + count)
        return [self._made("AccountObj", n, self._customer(n)) for n in numbers]

    def orders(self, count: int, customers: Sequence[Ref] = (), *, first: int = 0) -> list[Change]:
        """Make orders for the products, of these customers or of all that there are."""
        customers, products = customers or self.refs("AccountObj"), self.refs("ProductObj")
        return [
            self._made("SalesOrderObj", n, self._order(n, customers, products))
            for n in range(first, first + count)
        ]

    def refs(self, object_name: str) -> list[Ref]:
        """Return the records of one object."""
        return [ref for ref in self.records if ref.object_name == object_name]

    def edited(self, ref: Ref, n: int) -> Change:
        """Edit a customer's or an order's text, and the quantity of an order's first line."""
        doc = self.records[ref]
        doc["remark"] = f"edited, {n}"
        lines = doc.get("SalesOrderProductObj")
        if isinstance(lines, list) and isinstance(lines[0], dict):
            lines[0]["quantity"] = str(100 + n)
        return self.change(ref, by_anji=False)

    def change(self, ref: Ref, *, by_anji: bool) -> Change:
        """Return the record as it is now, under a new time."""
        at = self.ticks.next()
        return Change(
            ref=ref,
            revision=revision_of(at, 0),
            stamp=Stamp(modified_at=at, modified_by=next(self.people), by_anji=by_anji),
            data=self.records[ref],
        )

    def _made(self, object_name: str, n: int, doc: Doc) -> Change:
        ref = Ref(System.FXIAOKE, object_name, f"65f0{n:020x}")
        self.records[ref] = {"_id": ref.record_id, **doc, **unmapped(self.chance)}
        return self.change(ref, by_anji=False)

    def _product(self, n: int) -> Doc:
        return {
            "product_code": f"P{n:06}",
            "name": f"深沟球轴承 {n}",
            "product_spec": f"{n % 90}x{n % 50}x20",
            "remark": None,
            "life_status": "normal",
            "owner": "1000",
            "price": "12.5",
        }

    def _customer(self, n: int) -> Doc:
        return {
            "name": f"杭州第{n}机械有限公司",
            "tel": f"0571-{n:08}",
            "fax": f"0571-{n + 1:08}",
            "url": f"https://c{n}.example.com",
            "address": f"文一西路 {n} 号",
            "remark": None,
            "erp_number__c": None,
            "erp_customer_type__c": "KHLB001_SYS",
            "erp_customer_group__c": None,
            "contact_name__c": "王芳",
            "contact_mobile__c": f"139{n:08}",
            "life_status": "normal",
            "owner": "1000",
        }

    def _order(self, n: int, customers: Sequence[Ref], products: Sequence[Ref]) -> Doc:
        lines: list[JsonValue] = [
            {
                "_id": f"{n:018x}{line:06x}",
                "product_id": str(self.chance.choice(products)),
                "quantity": str(self.chance.randint(1, 50)),
                "sales_price": f"{self.chance.randint(100, 99_999) / 100:.2f}".rstrip("0"),
                "subtotal": "100",
                "record_type": "default__c",
            }
            for line in range(self.chance.randint(1, _MAX_LINES))
        ]
        return {
            "name": f"SO{n:08}",
            "account_id": str(self.chance.choice(customers)),
            "order_time": "2026-01-04T16:00:00Z",
            "create_time": "2026-01-04T16:00:00Z",
            "delivery_date": None,
            "ship_to_add": f"中山路 {n} 号",
            "ship_to_tel": "13900000001",
            "remark": f"第 {n} 单",
            "life_status": "normal",
            "owner": "1000",
            "order_amount": "1234.5",
            "SalesOrderProductObj": lines,
        }

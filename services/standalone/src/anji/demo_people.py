"""What the demo's made-up people do: a salesman in the CRM, a clerk in the ERP.

Some customers and products stand in both systems before Anji starts, under the same numbers: they
are matched when an order first names them. All else is made while it runs. The two never edit the
same field of the same customer, so nothing that they typed may be lost.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from anji.people import CrmUser, ErpUser
from anji_common.clock import Clock

__all__ = ["Company", "Json", "Plan", "lost_edits"]

Json = dict[str, Any]

_BEIJING = timezone(timedelta(hours=8))
_LOOK_AGAIN_SECONDS = 0.5
_MAX_LINES = 20
_HANDS = 4
"""Calls that a person has under way at the same time, in as many browser tabs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is made."""

    customers: int = 50
    products: int = 20
    orders: int = 200
    shipments: int = 100
    crm_edits: int = 30
    erp_edits: int = 10
    both_edits: int = 10
    seed: int = 1

    @property
    def shipped(self) -> int:
        """How many orders the ERP ships: each at most once."""
        return min(self.shipments, self.orders)

    @property
    def old_customers(self) -> int:
        """How many stand on both sides before Anji starts; each gets an order."""
        return min(self.customers // 10, self.orders)

    @property
    def old_products(self) -> int:
        """How many stand on both sides before Anji starts; each is ordered."""
        return min(self.products // 4, self.orders)


@dataclass(slots=True)
class Company:
    """The people, and what they have done so far."""

    plan: Plan
    crm: CrmUser
    erp: ErpUser
    clock: Clock
    done: Callable[[str], None]
    """Told after each thing that a person has done: its name."""
    customers: list[str] = field(default_factory=list)
    """CRM ids, the old ones first."""
    names: dict[str, str] = field(default_factory=dict)
    """CRM id of a customer → its name, which nobody edits."""
    products: list[str] = field(default_factory=list)
    """CRM ids of those that the CRM has from the start or makes itself."""
    typed: dict[tuple[str, str], str] = field(default_factory=dict)
    """(customer's name, CRM field) → what was typed last, on either side."""
    chance: Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = Random(self.plan.seed)  # noqa: S311 - a story that can be told again

    async def before(self) -> None:
        """Make what stood in both systems before Anji came."""
        for n in range(self.plan.old_products):
            code, name = f"P{n:04}", f"产品 {n:04}"
            await self.erp.save("BD_MATERIAL", {"FNumber": code, "FName": name})
            fields = {"name": name, "product_code": code, "price": "10.00"}
            self.products.append(await self.crm.create("ProductObj", fields))
            self.done("products")
        for n in range(self.plan.old_customers):
            number, fields = f"OLD{n:04}", self._customer(n)
            model = {"FNumber": number, "FName": fields["name"], "FTEL": fields["tel"]}
            await self.erp.save("BD_Customer", model)
            await self._make_customer({**fields, "erp_number__c": number})

    async def during(self) -> None:
        """Make and edit everything else, while Anji runs."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._erp_products())
            together.create_task(self._ship())
            await self._crm_products()
            for n in range(self.plan.old_customers, self.plan.customers):
                await self._make_customer(self._customer(n))
            together.create_task(self._edit())
            await self._order()

    async def _crm_products(self) -> None:
        for n in range(self.plan.old_products, self._first_erp_product()):
            fields = {"name": f"产品 {n:04}", "product_code": f"P{n:04}", "price": "10.00"}
            self.products.append(await self.crm.create("ProductObj", fields))
            self.done("products")

    async def _erp_products(self) -> None:
        for n in range(self._first_erp_product(), self.plan.products):
            fields = {"FNumber": f"P{n:04}", "FName": f"物料 {n:04}", "FSpecification": "10x20"}
            await self.erp.save("BD_MATERIAL", fields)
            self.done("products")

    def _first_erp_product(self) -> int:
        """Of the new products every third is made in the ERP, but never all of them."""
        return self.plan.products - (self.plan.products - self.plan.old_products) // 3

    def _customer(self, n: int) -> Json:
        return {
            "name": f"客户 {n:05} 有限公司",
            "tel": f"010-{self.chance.randrange(10**7, 10**8)}",
            "address": f"人民路 {n} 号",
            "contact_name__c": "王小明",
            "contact_mobile__c": "13800000002",
        }

    async def _make_customer(self, fields: Json) -> None:
        record_id = await self.crm.create("AccountObj", fields)
        self.customers.append(record_id)
        self.names[record_id] = fields["name"]
        for name in ("tel", "address"):
            self.typed[fields["name"], name] = fields[name]
        self.done("customers")

    async def _order(self) -> None:
        plans = [self._order_plan(n) for n in range(self.plan.orders)]

        async def one_hand(share: Sequence[tuple[Json, list[Json]]]) -> None:
            for fields, lines in share:
                await self.crm.create("SalesOrderObj", fields, {"SalesOrderProductObj": lines})
                self.done("orders")

        await asyncio.gather(*(one_hand(plans[hand::_HANDS]) for hand in range(_HANDS)))

    def _order_plan(self, n: int) -> tuple[Json, list[Json]]:
        old = self.customers[: self.plan.old_customers]
        customer = old[n] if n < len(old) else self.chance.choice(self.customers)
        rows = [self._line(self.chance.choice(self.products))]
        rows += [
            self._line(self.chance.choice(self.products))
            for _ in range(self.chance.randrange(_MAX_LINES))
        ]
        if n < self.plan.old_products:
            rows[0] = self._line(self.products[n])
        midnight = (
            self.clock.now()
            .astimezone(_BEIJING)
            .replace(hour=0, minute=0, second=0, microsecond=0)
        )
        total = sum((Decimal(row["subtotal"]) for row in rows), Decimal(0))
        fields = {
            "account_id": customer,
            "order_time": int(midnight.timestamp() * 1000),
            "order_amount": str(total),
            "ship_to_add": f"中山路 {n} 号",
            "ship_to_tel": "13900000001",
            "remark": f"第 {n} 单",
        }
        return fields, rows

    def _line(self, product: str) -> Json:
        quantity = self.chance.randint(1, 50)
        price = Decimal(self.chance.randint(100, 99_999)) / 100
        return {
            "product_id": product,
            "quantity": str(quantity),
            "sales_price": str(price),
            "subtotal": str(quantity * price),
            "record_type": "default__c",
        }

    async def _ship(self) -> None:
        """Push, submit and audit a delivery notice for audited orders, as they come."""
        shipped: set[str] = set()
        wanted = self.plan.shipped
        while len(shipped) < wanted:
            audited = await self.erp.every("SAL_SaleOrder", ["FBillNo"], "FDocumentStatus='C'")
            fresh = sorted({row["FBillNo"] for row in audited} - shipped)
            for number in fresh[: wanted - len(shipped)]:
                await self._ship_one(number, len(shipped))
                shipped.add(number)
                self.done("shipments")
            if not fresh:
                await self.clock.sleep(_LOOK_AGAIN_SECONDS)

    async def _ship_one(self, order_number: str, n: int) -> None:
        number = await self.erp.push("SAL_SaleOrder", order_number, "SAL_DELIVERYNOTICE")
        rows = await self.erp.every("SAL_DELIVERYNOTICE", ["FID"], f"FBillNo='{number}'")
        carried = {"FID": rows[0]["FID"], "FCarriageNO": f"SF{self.plan.seed:04}{n:06}"}
        await self.erp.change("SAL_DELIVERYNOTICE", carried)
        await self.erp.finish("SAL_DELIVERYNOTICE", number)

    async def _edit(self) -> None:
        """Edit customers: in the CRM, in the ERP, and on both sides at once."""
        if not self.customers:
            return
        for n in range(self.plan.crm_edits):
            record_id = self.chance.choice(self.customers)
            name = self.chance.choice(["tel", "remark", "url"])
            await self._edit_crm(record_id, name, f"{name} {n}")
            self.done("edits")
        in_erp = await self._new_in_erp()
        for n in range(self.plan.erp_edits):
            await self._edit_erp(self.chance.choice(in_erp), "FFAX", "fax", f"020-{n:08}")
            self.done("edits")
        for n in range(self.plan.both_edits):
            record_id, erp_id = self.chance.choice(in_erp)
            await asyncio.gather(
                self._edit_crm(record_id, "tel", f"021-{n:08}"),
                self._edit_erp((record_id, erp_id), "FADDRESS", "address", f"解放路 {n} 号"),
            )
            self.done("edits")

    async def _edit_crm(self, record_id: str, name: str, value: str) -> None:
        self.typed[self.names[record_id], name] = value
        await self.crm.update("AccountObj", record_id, **{name: value})

    async def _edit_erp(self, who: tuple[str, int], key: str, name: str, value: str) -> None:
        record_id, erp_id = who
        self.typed[self.names[record_id], name] = value
        await self.erp.change("BD_Customer", {"FCUSTID": erp_id, key: value})

    async def _new_in_erp(self) -> list[tuple[str, int]]:
        """Return both ids of customers that Anji has brought to the ERP, once there are some.

        The old ones are left alone: what was typed before they are matched is settled by the
        rule of the first load, as the mapping's owner wants it.
        """
        new = self.customers[self.plan.old_customers :]
        wanted = min(len(new), self.plan.erp_edits + self.plan.both_edits)
        by_name = {self.names[record_id]: record_id for record_id in new}
        while True:
            rows = await self.erp.every("BD_Customer", ["FCUSTID", "FName"])
            found = [
                (by_name[row["FName"]], int(row["FCUSTID"]))
                for row in rows
                if row["FName"] in by_name
            ]
            if len(found) >= wanted:
                return found
            await self.clock.sleep(_LOOK_AGAIN_SECONDS)


async def lost_edits(company: Company) -> list[str]:
    """Return what a person typed and the CRM does not say any more.

    That the ERP says the same as the CRM is the oracle's business.
    """
    customers = {row["name"]: row for row in await company.crm.every("AccountObj")}
    return [
        f"customer {name}: {at} was last typed as {value!r}, and is {customers[name].get(at)!r}"
        for (name, at), value in sorted(company.typed.items())
        if customers[name].get(at) != value
    ]

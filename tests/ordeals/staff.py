"""The scripted people of an ordeal: they make and edit records on both sides and keep a diary.

Chance comes from the seed. Who edits what is fixed: telephone numbers are the CRM people's,
addresses the ERP people's, so each has one right value in the end; only remarks are edited on both
sides at once, and there either side's last word may stand. Nobody is refused by what they do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from anji.people import CrmUser, ErpUser
from anji_common.clock import SystemClock
from ordeals.diary import Deed, Diary, Side

__all__ = ["Staff"]

_CLOCK = SystemClock()
_MS = 1000
_ERP_FIELDS = {"tel": "FTEL", "address": "FADDRESS", "remark": "FDescription"}
_ORGANISATION = {"FCreateOrgId": {"FNumber": "100"}, "FUseOrgId": {"FNumber": "100"}}
_LAST_WORDS = 500
"""Customers edited once more in the end, at most."""
_LONG_AGO_MS = 1_790_000_000_000
"""When orders are dated: any day does."""


@dataclass
class Staff:
    """People of both systems who work at the same time."""

    crm: CrmUser
    erp: ErpUser
    diary: Diary
    ordeal: str
    chance: Random
    tail: str = ""
    """Put behind the names of customers: blanks, where the ERP is to rewrite them."""
    poison: int = 0
    """One of so many customers has a name that is too long for the ERP."""
    poisoned: int = 0
    writes: int = 0
    """Records that they made or changed, with lines counted as part of their head."""
    _customers: list[str] = field(default_factory=list)
    _products: dict[str, str] = field(default_factory=dict)
    """By id, the code of each."""
    _count: int = 0

    async def work(self, seconds: float, *, actions: int, orders: float = 0.0) -> None:
        """Do so many things at moments spread over that time; one of each sort to begin with.

        Of the others that share are orders, and the rest whatever chance gives.
        """
        begin = _CLOCK.monotonic()
        moments = sorted(self.chance.uniform(0, seconds) for _ in range(actions))
        kinds: list[Callable[[], Awaitable[None]]] = [
            self.make_customer,
            self.make_product,
            self._make_order,
            self.make_customer,
            self._make_order,
            self._make_material,
            self._edit_in_the_crm,
            self._edit_in_the_erp,
            self._edit_on_both_sides,
        ]
        for place, moment in enumerate(moments):
            await _CLOCK.sleep(begin + moment - _CLOCK.monotonic())
            if place < len(kinds):
                await kinds[place]()
            elif orders and self.chance.random() < orders:
                await self._make_order()
            else:
                await self.chance.choice(kinds)()

    async def last_words(self) -> None:
        """Edit every customer once more on either side: nothing may stand in its way.

        Of thousands chance takes some.
        """
        those = self._customers
        if len(those) > _LAST_WORDS:
            those = self.chance.sample(those, _LAST_WORDS)
        for customer in those:
            await self._say_in_the_crm(customer, "tel")
        crossed = await self._counterparts()
        for customer in those:
            if customer in crossed:
                await self._say_in_the_erp(customer, crossed[customer], "address")

    async def say_again(self, customer: str) -> None:
        """Edit one customer once more on either side, and the remark on one."""
        erp_id = (await self._counterparts()).get(customer)
        if erp_id is not None:
            await self._say_in_the_crm(customer, "tel")
            await self._say_in_the_crm(customer, "remark")
            await self._say_in_the_erp(customer, erp_id, "address")

    async def make_customer(self) -> None:
        """Make one in the CRM."""
        if self.poison and self.chance.randrange(self.poison) == 0:
            await self.make_poison()
            return
        await self._make_customer(f"{self._words('客户')}{self.tail}", is_edited=True)

    async def make_left_alone(self, name: str) -> None:
        """Make a customer of that name whom nobody edits: no edit begins it anew."""
        await self._make_customer(name, is_edited=False)

    async def _make_customer(self, name: str, *, is_edited: bool) -> None:
        made = await self.crm.create("AccountObj", {"name": name, "tel": "0"})
        self.writes += 1
        if is_edited:
            self._customers.append(made)
        self._made("crm", "AccountObj", made)
        self._said("crm", "AccountObj", made, "name", name)
        self._said("crm", "AccountObj", made, "tel", "0")

    async def make_poison(self) -> None:
        """Make a customer that the ERP refuses for ever."""
        made = await self.crm.create("AccountObj", {"name": self._words("毒" * 40)})
        self.writes += 1
        self.poisoned += 1
        self.diary.note(
            Deed(ordeal=self.ordeal, side="crm", what="refused", kind="AccountObj", record=made)
        )

    async def make_product(self) -> None:
        """Make one in the CRM."""
        code = self._words("P")
        made = await self.crm.create(
            "ProductObj", {"name": code, "product_code": code, "price": "10"}
        )
        self.writes += 1
        self._products[made] = code
        self._made("crm", "ProductObj", made, number=code)
        self._said("crm", "ProductObj", made, "name", code)

    async def _make_material(self) -> None:
        code = self._words("M")
        await self.erp.save(
            "BD_MATERIAL", {"FMATERIALID": 0, **_ORGANISATION, "FNumber": code, "FName": code}
        )
        self.writes += 1
        self._made("erp", "ProductObj", code)
        self._said("erp", "ProductObj", code, "name", code)

    async def _make_order(self) -> None:
        if not (self._customers and self._products):
            return
        lines = [
            {
                "product_id": self.chance.choice([*self._products]),
                "quantity": str(self.chance.randint(1, 9)),
                "sales_price": str(self.chance.randint(1, 99)),
            }
            for _ in range(self.chance.randint(1, 4))
        ]
        number, remark = self._words("SO"), self._words()
        head: dict[str, Any] = {
            "name": number,
            "account_id": self.chance.choice(self._customers),
            "order_time": _LONG_AGO_MS,
            "remark": remark,
        }
        made = await self.crm.create("SalesOrderObj", head, {"SalesOrderProductObj": lines})
        self.writes += 1
        entered = tuple(
            (self._products[line["product_id"]], line["quantity"], line["sales_price"])
            for line in lines
        )
        self._made(
            "crm", "SalesOrderObj", made, entered, number=number, customer=head["account_id"]
        )
        self._said("crm", "SalesOrderObj", made, "remark", remark)

    async def _edit_in_the_crm(self) -> None:
        if self._customers:
            await self._say_in_the_crm(self.chance.choice(self._customers), "tel")

    async def _edit_in_the_erp(self) -> None:
        crossed = await self._counterparts()
        if crossed:
            customer = self.chance.choice(sorted(crossed))
            await self._say_in_the_erp(customer, crossed[customer], "address")

    async def _edit_on_both_sides(self) -> None:
        """Two people edit one customer at once, each another field, and both the remark."""
        crossed = await self._counterparts()
        if crossed:
            customer = self.chance.choice(sorted(crossed))
            await asyncio.gather(
                self._say_in_the_crm(customer, "remark"),
                self._say_in_the_erp(customer, crossed[customer], "remark"),
            )
            await asyncio.gather(
                self._say_in_the_crm(customer, "tel"),
                self._say_in_the_erp(customer, crossed[customer], "address"),
            )

    async def _say_in_the_crm(self, customer: str, name: str) -> None:
        words = self._words()
        await self.crm.update("AccountObj", customer, **{name: words})
        self.writes += 1
        self._said("crm", "AccountObj", customer, name, words)

    async def _say_in_the_erp(self, customer: str, erp_id: int, name: str) -> None:
        words = self._words()
        await self.erp.change("BD_Customer", {"FCUSTID": erp_id, _ERP_FIELDS[name]: words})
        self.writes += 1
        self._said("erp", "AccountObj", customer, name, words)

    async def _counterparts(self) -> dict[str, int]:
        """Return the ERP's id of each customer of ours that has crossed, by its id in the CRM."""
        rows = await self.erp.every("BD_Customer", ["FCUSTID", "F_ANJI_MARKER"])
        found = {str(r["F_ANJI_MARKER"]).rpartition("/")[2]: r["FCUSTID"] for r in rows}
        return {name: found[name] for name in self._customers if name in found}

    def _made(  # noqa: PLR0913 - a deed
        self,
        side: Side,
        kind: str,
        record: str,
        lines: tuple[tuple[str, str, str], ...] = (),
        *,
        number: str = "",
        customer: str = "",
    ) -> None:
        deed = Deed(
            ordeal=self.ordeal,
            side=side,
            what="made",
            kind=kind,
            record=record,
            number=number,
            value=customer,
            lines=lines,
        )
        self.diary.note(deed)

    def _said(self, side: Side, kind: str, record: str, name: str, value: str) -> None:
        deed = Deed(
            ordeal=self.ordeal,
            side=side,
            what="said",
            kind=kind,
            record=record,
            field=name,
            value=value,
        )
        self.diary.note(deed)

    def _words(self, what: str = "w") -> str:
        self._count += 1
        return f"{what}{self._count:04}"

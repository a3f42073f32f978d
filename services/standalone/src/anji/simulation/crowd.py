"""The people of a simulation: they make and edit records on both sides, at any moment."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from anji.people import CrmUser, ErpUser, SandboxRefusedError
from anji.simulation.journal import Journal
from anji_common.clock import Clock

__all__ = ["Crowd"]

_MS = 1000


class Crowd:
    """Made-up people with made-up records; what they do follows from the seed."""

    def __init__(
        self, crm: CrmUser, erp: ErpUser, clock: Clock, chance: Random, journal: Journal
    ) -> None:
        self._crm = crm
        self._erp = erp
        self._clock = clock
        self._chance = chance
        self._journal = journal
        self._customers: list[str] = []
        self._products: list[str] = []
        self._orders: list[str] = []
        self._shipped: set[str] = set()
        self._count = 0

    async def work(self, seconds: float, *, actions: int) -> None:
        """Do so many things at moments spread over that time."""
        begin = self._clock.monotonic()
        moments = sorted(self._chance.uniform(0, seconds) for _ in range(actions))
        kinds: list[Callable[[], Awaitable[None]]] = [
            self._make_customer,
            self._make_product_in_the_crm,
            self._make_material_in_the_erp,
            self._make_order,
            self._make_order,
            self._edit_customer_in_the_crm,
            self._edit_customer_in_the_erp,
            self._edit_customer_on_both_sides,
            self._edit_product,
            self._ship,
            self._ship,
        ]
        for place, moment in enumerate(moments):
            await self._clock.sleep(begin + moment - self._clock.monotonic())
            kind = kinds[place] if place < 4 else self._chance.choice(kinds)  # noqa: PLR2004 - one of each to begin with
            try:
                await kind()
            except SandboxRefusedError as error:
                self._journal.note("people", f"were refused: {error}")

    async def last_words(self) -> None:
        """One more edit of every customer, on either side: none of them may be lost."""
        for customer in self._customers:
            await self._crm.update("AccountObj", customer, remark=self._words())
        for row in await self._erp.every("BD_Customer", ["FCUSTID", "FNumber"]):
            await self._erp.change(
                "BD_Customer", {"FCUSTID": row["FCUSTID"], "FTEL": self._words()}
            )

    async def _make_customer(self) -> None:
        name = self._words("客户")
        made = await self._crm.create("AccountObj", {"name": name, "tel": self._words()})
        self._customers.append(made)
        self._journal.note("people", f"make customer {made} {name}")

    async def _make_product_in_the_crm(self) -> None:
        code = self._words("P")
        made = await self._crm.create(
            "ProductObj", {"name": code, "product_code": code, "price": "10"}
        )
        self._products.append(made)
        self._journal.note("people", f"make product {made} {code}")

    async def _make_material_in_the_erp(self) -> None:
        code = self._words("M")
        model = {
            "FMATERIALID": 0,
            "FCreateOrgId": {"FNumber": "100"},
            "FUseOrgId": {"FNumber": "100"},
            "FNumber": code,
            "FName": code,
        }
        await self._erp.save("BD_MATERIAL", model)
        self._journal.note("people", f"make material {code}")

    async def _make_order(self) -> None:
        if not (self._customers and self._products):
            return
        lines = [
            {
                "product_id": self._chance.choice(self._products),
                "quantity": str(self._chance.randint(1, 9)),
                "sales_price": str(self._chance.randint(1, 99)),
            }
            for _ in range(self._chance.randint(1, 4))
        ]
        number = self._words("SO")
        head = {
            "name": number,
            "account_id": self._chance.choice(self._customers),
            "order_time": int(self._clock.now().timestamp() * _MS),
            "remark": "first",
        }
        made = await self._crm.create("SalesOrderObj", head, {"SalesOrderProductObj": lines})
        self._orders.append(made)
        self._journal.note("people", f"make order {made} {number} with {len(lines)} lines")

    async def _edit_customer_in_the_crm(self) -> None:
        if self._customers:
            customer = self._chance.choice(self._customers)
            field = self._chance.choice(("name", "tel", "remark", "address"))
            words = self._words()
            self._journal.note("people", f"edit customer {customer} {field} {words}")
            await self._crm.update("AccountObj", customer, **{field: words})

    async def _edit_customer_in_the_erp(self) -> None:
        rows = await self._erp.every("BD_Customer", ["FCUSTID", "FNumber"])
        if rows:
            customer = self._chance.choice(rows)["FCUSTID"]
            field = self._chance.choice(("FName", "FTEL", "FDescription", "FADDRESS"))
            words = self._words()
            self._journal.note("people", f"edit ERP customer {customer} {field} {words}")
            await self._erp.change("BD_Customer", {"FCUSTID": customer, field: words})

    async def _edit_customer_on_both_sides(self) -> None:
        await asyncio.gather(self._edit_customer_in_the_crm(), self._edit_customer_in_the_erp())

    async def _edit_product(self) -> None:
        if self._products:
            product = self._chance.choice(self._products)
            words = self._words()
            self._journal.note("people", f"edit product {product} {words}")
            await self._crm.update("ProductObj", product, remark=words)

    async def _ship(self) -> None:
        rows = await self._erp.every("SAL_SaleOrder", ["FBillNo"], "FDocumentStatus='C'")
        numbers = sorted({row["FBillNo"] for row in rows} - self._shipped)
        if numbers:
            number = self._chance.choice(numbers)
            self._shipped.add(number)
            notice = await self._erp.push("SAL_SaleOrder", number, "SAL_DELIVERYNOTICE")
            await self._erp.finish("SAL_DELIVERYNOTICE", notice)
            self._journal.note("people", f"ship order {number} by notice {notice}")

    def _words(self, what: str = "w") -> str:
        self._count += 1
        return f"{what}{self._count:04}"

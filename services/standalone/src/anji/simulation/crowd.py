"""The people of a simulation: they make and edit records on both sides, at any moment.

They remember what they said last, on either side, of each field of a customer: nothing else may
stand there in the end. A word that was said in sight of the other side's last one takes its place.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from random import Random

from anji.people import CrmUser, ErpUser, SandboxRefusedError
from anji.simulation.clerks import Order
from anji.simulation.cuts import WHOLE, Cut
from anji.simulation.journal import Journal
from anji.simulation.pace import Pace
from anji.simulation.said import FORM, InSight, Unheard
from anji_common.clock import Clock
from anji_common.refs import Ref, System

__all__ = ["Crowd"]

_Kind = Callable[[], Awaitable[object]]

_MS = 1000
_HOT_SHARE = 0.6
"""How often an edit is of a customer that was made or edited lately: so that edits meet."""
_NO_CODE_SHARE = 0.3
_LONGEST_POLL_SECONDS = 400.0
_ERP_FIELDS = {"name": "FName", "tel": "FTEL", "remark": "FDescription", "address": "FADDRESS"}
_TOLD = {
    "erp_status__c": (
        "FDocumentStatus",
        {"Z": "暂存", "A": "创建", "B": "审核中", "C": "已审核", "D": "重新审核"},
    ),
    "erp_closed__c": ("FCloseStatus", {"A": "未关闭", "B": "已关闭"}),
}
"""What an order of the CRM is told of its bill: the bill's field, and the words for its values."""
_MARKER = "F_ANJI_MARKER"
_MARKS = "fxiaoke/AccountObj/"


class Crowd:
    """Made-up people with made-up records; what they do follows from the seed."""

    def __init__(  # noqa: PLR0913 - who they are, where they work, and what is slow there
        self,
        crm: CrmUser,
        erp: ErpUser,
        clock: Clock,
        chance: Random,
        journal: Journal,
        *,
        crm_lag_seconds: float = 0.0,
        kinds: int | None = None,
    ) -> None:
        """Begin.

        Args:
            crm: Where they work in the CRM.
            erp: Where they work in the ERP.
            clock: Tells the time and waits.
            chance: Tells what they do.
            journal: Takes it down.
            crm_lag_seconds: So late the CRM's queries show what is written there.
            kinds: How many kinds of things they do, which ones is chance's; `None` for all.
                Few deeds meet one another more often if they are of few kinds (Groce et al.,
                "Swarm Testing", 2012).
        """
        self._kinds = kinds
        self._crm_lag_seconds = crm_lag_seconds
        self._crm = crm
        self._erp = erp
        self._clock = clock
        self._chance = chance
        self._journal = journal
        self._customers: list[str] = []
        self._products: list[str] = []
        self.changed_orders: list[Order] = []
        """Every second order, for others to change: nobody ships them."""
        self._orders = 0
        self._shipped: set[str] = set()
        self._said: dict[tuple[str, str], dict[System, str]] = {}
        self._in_sight: dict[tuple[str, str], InSight] = {}
        self._entered_twice_at = float("-inf")
        self._once: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._count = 0
        self._prices = 0

    async def work(self, pace: Pace, cut: Cut = WHOLE) -> None:
        """Do as much as the pace says and when it says, those left out excepted."""
        begin = self._clock.monotonic()
        moments = sorted(pace.moment(self._chance) for _ in range(pace.deeds))
        kinds = self._chosen()
        async with asyncio.TaskGroup() as together:
            for place, moment in enumerate(moments):
                await self._clock.sleep(begin + moment - self._clock.monotonic())
                kind = self._chance.choice(kinds) if place else self._make_customer
                if cut.has(f"d{place}"):
                    together.create_task(self._do(kind))

    def _chosen(self) -> list[_Kind]:
        """Return what is done, each as often as it stands there."""
        kinds: dict[_Kind, int] = {
            self._make_customer: 1,
            self._make_product_in_the_crm: 1,
            self._make_material_in_the_erp: 1,
            self._make_order: 2,
            self._edit_customer_in_the_crm: 1,
            self._edit_customer_in_the_erp: 1,
            self._edit_customer_on_both_sides: 2,
            self._make_product_on_both_sides: 1,
            self._make_rival: 1,
            self._edit_product: 1,
            self._ship: 2,
        }
        own = list(kinds)
        if self._kinds is not None:
            own = self._chance.sample(own, self._kinds)
        return [kind for kind in own for _ in range(kinds[kind])]

    async def _do(self, kind: _Kind) -> None:
        try:
            await kind()
        except SandboxRefusedError as error:
            self._journal.note("people", f"were refused: {error}")

    async def last_words(self) -> None:
        """One more edit of every customer, on either side: none of them may be lost."""
        for customer in self._customers:
            words = self._words()
            self._said[customer, "remark"] = {System.FXIAOKE: words}
            await self._crm.update("AccountObj", customer, remark=words)
        for customer, erp_id in (await self._counterparts()).items():
            if customer not in self._customers:
                continue
            words = self._words()
            self._said[customer, "tel"] = {System.K3CLOUD: words}
            await self._erp.change("BD_Customer", {"FCUSTID": erp_id, "FTEL": words})

    async def settle(self, link: str, fields: Collection[str]) -> None:
        """Say once more what stands differently on both sides of a link, as people are told."""
        system, name, record_id = link.split("/")
        if system != System.FXIAOKE:
            return
        for field in sorted({each.partition("~")[0] for each in fields}):
            if field in {"erp_number__c", "product_code"}:
                number = (await self._erp_numbers(name)).get(record_id, "")
                await self._crm.update(name, record_id, **{field: number})
            elif name == "AccountObj" and field in _ERP_FIELDS:
                words = self._words()
                self._said[record_id, field] = {System.FXIAOKE: words}
                await self._crm.update(name, record_id, **{field: words})
            elif name == "SalesOrderObj" and field in _TOLD:
                await self._tell_by_hand(record_id, field)
            elif name == "ProductObj" and field == "remark":
                await self._crm.update(name, record_id, remark=self._words())
            self._journal.note("people", f"settle {link} {field}")

    async def _tell_by_hand(self, order: str, field: str) -> None:
        """Write into an order what the ERP's bill says: nothing crosses there by itself."""
        key, words = _TOLD[field]
        marker = f"{System.FXIAOKE}/SalesOrderObj/{order}"
        for row in await self._erp.every("SAL_SaleOrder", ["FID", key], f"{_MARKER}='{marker}'"):
            await self._crm.update("SalesOrderObj", order, **{field: words[row[key]]})

    async def _erp_numbers(self, name: str) -> dict[str, str]:
        """Return the ERP's number of every record that has crossed, by its id in the CRM."""
        form = "BD_Customer" if name == "AccountObj" else "BD_MATERIAL"
        rows = await self._erp.every(form, ["FNumber", _MARKER])
        marks = f"{System.FXIAOKE}/{name}/"
        return {str(row[_MARKER]).removeprefix(marks): row["FNumber"] for row in rows}

    def is_read(self) -> bool:
        """Whether what people have entered on both sides has been read since, by slow polls too.

        Both sides are alike from the beginning, so that nothing else shows it.
        """
        return self._clock.monotonic() > self._entered_twice_at + _LONGEST_POLL_SECONDS

    async def unheard(self, forgotten: Collection[str]) -> list[Unheard]:
        """Return what stands in customers that is nobody's last word.

        Args:
            forgotten: Fields in which any word that was ever said may stand.
        """
        return [
            Unheard(
                f"customer {found['_id']} {field}: holds {held!r}, last said was {sorted(said)}",
                held,
                self._sight(found["_id"], field),
            )
            for found in await self._crm.every("AccountObj")
            if found["_id"] in self._customers
            for field in _ERP_FIELDS
            if (held := found.get(field) or "")
            not in (said := self._said[found["_id"], field].values())
            and not (field in forgotten and held in {"", *self._once[found["_id"], field]})
        ]

    def _sight(self, customer: str, field: str) -> InSight | None:
        """Return the last word of a field, if there is but one, said in sight of the CRM's."""
        sight = self._in_sight.get((customer, field))
        last = [*self._said[customer, field].values()]
        return sight if sight is not None and last == [sight.said] else None

    async def _counterparts(self) -> dict[str, int]:
        """Return the ERP's id of every customer that has crossed, by its id in the CRM."""
        rows = await self._erp.every("BD_Customer", ["FCUSTID", _MARKER])
        return {str(row[_MARKER]).removeprefix(_MARKS): row["FCUSTID"] for row in rows}

    async def _make_customer(self, **more: object) -> str:
        name, tel = self._words("客户"), self._words()
        made = await self._crm.create("AccountObj", {"name": name, "tel": tel, **more})
        said = {"name": name, "tel": tel, "remark": "", "address": ""}
        self._said |= {(made, field): {System.FXIAOKE: words} for field, words in said.items()}
        self._customers.append(made)
        self._journal.note("people", f"make customer {made} {name}")
        return made

    async def _make_rival(self) -> None:
        """Enter a customer under a number that is another's; see the mistake, and mend it."""
        rows = await self._erp.every("BD_Customer", ["FCUSTID", "FNumber"])
        if not rows:
            await self._make_customer()
            return
        taken = self._chance.choice(rows)["FNumber"]
        made = await self._make_customer(erp_number__c=taken)
        self._journal.note("people", f"give {made} the number {taken}, which is another's")
        await self._clock.sleep(self._chance.uniform(1.0, 20.0))
        self._journal.note("people", f"take the number {taken} from {made}")
        await self._crm.update("AccountObj", made, erp_number__c="")

    async def _make_product_in_the_crm(self) -> None:
        """Some give no code: then the ERP does."""
        name = self._words("P")
        fields: dict[str, object] = {"name": name, "price": "10"}
        if self._chance.random() >= _NO_CODE_SHARE:
            fields["product_code"] = name
        made = await self._crm.create("ProductObj", fields)
        self._products.append(made)
        self._journal.note("people", f"make product {made} {name}")

    async def _make_material_in_the_erp(self) -> None:
        code = self._words("M")
        self._journal.note("people", f"make material {code}")
        await self._make_material(code)

    async def _make_material(self, code: str) -> None:
        model = {
            "FMATERIALID": 0,
            "FCreateOrgId": {"FNumber": "100"},
            "FUseOrgId": {"FNumber": "100"},
            "FNumber": code,
            "FName": code,
        }
        await self._erp.save("BD_MATERIAL", model)

    async def _make_order(self) -> None:
        if not self._customers:
            await self._make_customer()
        if not self._products:
            await self._make_product_in_the_crm()
        lines = [
            {
                "product_id": self._chance.choice(self._products),
                "quantity": str(self._chance.randint(1, 9)),
                "sales_price": str(self._price()),
            }
            for _ in range(self._chance.randint(2, 4))
        ]
        number = self._words("SO")
        head = {
            "name": number,
            "account_id": self._chance.choice(self._customers),
            "order_time": int(self._clock.now().timestamp() * _MS),
            "remark": "first",
        }
        made = await self._crm.create("SalesOrderObj", head, {"SalesOrderProductObj": lines})
        self._orders += 1
        if self._orders % 2:
            known = {int(each["sales_price"]): int(each["quantity"]) for each in lines}
            self.changed_orders.append(Order(made, number, known, self._clock.monotonic()))
        self._journal.note("people", f"make order {made} {number} with {len(lines)} lines")

    async def _make_product_on_both_sides(self) -> None:
        """Two people enter one product, each where she works.

        The second one not before the first one's can be seen: a record that no query shows yet
        cannot be matched by anybody (docs/reliability.md).
        """
        code = self._words("B")
        self._journal.note("people", f"make product and material {code}")
        await self._crm.create("ProductObj", {"name": code, "product_code": code, "price": "10"})
        await self._clock.sleep(self._crm_lag_seconds + self._chance.uniform(0.0, 6.0))
        await self._make_material(code)
        self._entered_twice_at = self._clock.monotonic()

    async def _edit_customer_in_the_crm(self) -> None:
        await self._say_in_the_crm(await self._customer())

    async def _edit_customer_in_the_erp(self) -> None:
        await self._say_in_the_erp(await self._customer())

    async def _edit_customer_on_both_sides(self) -> None:
        customer = await self._customer()
        await asyncio.gather(self._say_in_the_crm(customer), self._say_in_the_erp(customer))

    async def _customer(self) -> str:
        """Choose one; the last in the list was touched last. Where there is none, make one."""
        if not self._customers:
            return await self._make_customer()
        hot = self._customers[-2:] if self._chance.random() < _HOT_SHARE else self._customers
        customer = self._chance.choice(hot)
        self._customers.remove(customer)
        self._customers.append(customer)
        return customer

    async def _say_in_the_crm(self, customer: str) -> None:
        field, words = self._chance.choice(tuple(_ERP_FIELDS)), self._words()
        self._journal.note("people", f"edit customer {customer} {field} {words}")
        customers = await self._crm.every("AccountObj")
        shown = [found.get(field) for found in customers if found["_id"] == customer]
        self._take_down((customer, field), System.FXIAOKE, words, shown)
        await self._crm.update("AccountObj", customer, **{field: words})

    def _take_down(
        self, field: tuple[str, str], system: System, words: str, shown: Sequence[object]
    ) -> str | None:
        """Remember what is said; who has seen the other side's last word has taken its place.

        Returns:
            That word, if it was seen.
        """
        said = self._said[field]
        self._in_sight.pop(field, None)
        seen = said.get(system.other)
        if seen not in [each or "" for each in shown]:
            seen = None
        if seen is not None:
            said.clear()
        said[system] = words
        self._once[field].add(words)
        return seen

    async def _say_in_the_erp(self, customer: str) -> None:
        field, words = self._chance.choice(tuple(_ERP_FIELDS)), self._words()
        erp_id = (await self._counterparts()).get(customer)
        if erp_id is not None:
            self._journal.note("people", f"edit customer {customer} = {erp_id} {field} {words}")
            key = _ERP_FIELDS[field]
            rows = await self._erp.every("BD_Customer", [key], f"FCUSTID={erp_id}")
            shown = [row[key] for row in rows]
            seen = self._take_down((customer, field), System.K3CLOUD, words, shown)
            if seen is not None:
                ref, at = Ref(System.K3CLOUD, FORM, str(erp_id)), self._clock.now()
                self._in_sight[customer, field] = InSight(ref, key, seen, words, at)
            wished = {"FCUSTID": erp_id, _ERP_FIELDS[field]: words}
            await self._erp.change("BD_Customer", wished)

    async def _edit_product(self) -> None:
        if not self._products:
            await self._make_product_in_the_crm()
        product = self._chance.choice(self._products)
        words = self._words()
        self._journal.note("people", f"edit product {product} {words}")
        await self._crm.update("ProductObj", product, remark=words)

    async def _ship(self) -> None:
        rows = await self._erp.every("SAL_SaleOrder", ["FBillNo"], "FDocumentStatus='C'")
        changed = {order.number for order in self.changed_orders}
        numbers = sorted({row["FBillNo"] for row in rows} - self._shipped - changed)
        if not numbers:
            await self._make_order()
            return
        number = self._chance.choice(numbers)
        self._shipped.add(number)
        notice = await self._erp.push("SAL_SaleOrder", number, "SAL_DELIVERYNOTICE")
        await self._erp.finish("SAL_DELIVERYNOTICE", notice)
        self._journal.note("people", f"ship order {number} by notice {notice}")

    def _price(self) -> int:
        """Return one that no other line has."""
        self._prices += 1
        return self._prices

    def _words(self, what: str = "w") -> str:
        self._count += 1
        return f"{what}{self._count:04}"

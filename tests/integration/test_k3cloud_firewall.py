"""A web firewall before the ERP: it refuses a whole call for one suspicious value in it."""

import asyncio

import orjson

from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.transport import Answer, Call
from anji_common.writing.target import Refused, Written
from anji_k3cloud.service import Connection, target_of
from labs.erp_lab import INTEREST, make_erp, new_customer, settings_of
from labs.sandbox_transport import SandboxTransport

WORDS = "请求参数存在可疑数据,当前请求已经被拦截规则[1]阻止!"
DIALOGUE = [
    {
        "actionname": "showConfirm",
        "params": [{"title": "", "msg": WORDS, "option": 0, "msgType": 0}],
    }
]


class Firewalled:
    """A transport whose other end lets no ``<script>`` pass."""

    def __init__(self, inner: SandboxTransport) -> None:
        self._inner = inner

    async def send(self, call: Call) -> Answer:
        if b"<script>" in call.body:
            return Answer(200, {}, orjson.dumps(DIALOGUE))
        return await self._inner.send(call)

    async def close(self) -> None:
        await self._inner.close()


def test_only_the_packet_that_a_firewall_blocks_is_refused() -> None:
    async def test() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        erp = make_erp(clock)
        transport = Firewalled(erp.transport)
        target = await target_of(
            Connection.over(settings_of(erp.k3cloud), clock, transport), INTEREST
        )
        commands = [new_customer(n) for n in range(1, 8)]
        commands[4] = new_customer(5, FTEL="<script>")

        outcomes = await target.write(commands)

        refused = outcomes.pop(4) if isinstance(outcomes, list) else None
        assert refused == Refused(WORDS, code="firewall")
        assert all(isinstance(outcome, Written) for outcome in outcomes)
        assert erp.count("BD_Customer") == 6

    run_virtually(test())

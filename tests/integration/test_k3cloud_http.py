"""The ERP connector over real HTTP: the same sandbox behind its skin."""

from anji_common.clock import SystemClock
from anji_common.http_transport import HttpTransport
from anji_common.refs import System
from anji_common.sourcing.feed import Window
from anji_common.writing.target import Written
from anji_k3cloud.service import Connection, feed_of, target_of
from anji_sandbox.http import serve
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.store import Store
from labs.erp_lab import CUSTOMER, INTEREST, new_customer, settings_of


async def test_what_is_written_over_http_is_read_over_http() -> None:
    clock = SystemClock()
    core = K3CloudCore(Store(), seed=7)
    async with serve(core) as server:
        settings = settings_of(core).model_copy(update={"url": f"{server.url}/k3cloud/"})
        transport = HttpTransport(settings.base_url, system=System.K3CLOUD, clock=clock)
        connection = Connection.over(settings, clock, transport)
        try:
            target = await target_of(connection, INTEREST)
            feed = await feed_of(connection)
            began = await feed.now()

            (outcome,) = await target.write([new_customer(1, FTEL="13900000000")])
            stamp = (
                outcome.observed.stamp
                if isinstance(outcome, Written) and outcome.observed
                else None
            )
            assert stamp is not None
            window = Window(began.replace(microsecond=0), stamp.modified_at.replace(year=2100))
            pages = [page async for page in feed.changed(CUSTOMER, window, {})]
        finally:
            await transport.close()

    ((found,),) = (page.records for page in pages)
    assert isinstance(outcome, Written)
    assert found == outcome.observed
    assert found.data["FTEL"] == "13900000000"
    assert found.stamp.by_anji

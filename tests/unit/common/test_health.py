"""Probes over real HTTP on a port that the system chose."""

import aiohttp

from anji_common.health import Health, serve_health


async def get(port: int, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_a_process_that_turns_is_live() -> None:
    async with serve_health(Health(), host="127.0.0.1", port=0) as port:
        status, _ = await get(port, "/livez")

    assert status == 200


async def test_a_process_is_ready_when_nothing_is_amiss() -> None:
    health = Health()
    health.add("mapper", lambda: None)

    async with serve_health(health, host="127.0.0.1", port=0) as port:
        status, text = await get(port, "/readyz")

    assert (status, text) == (200, '{"ready":true,"amiss":{}}\n')


async def test_what_is_amiss_is_said() -> None:
    health = Health()
    health.add("mapper", lambda: "not running")
    health.add("writer", lambda: None)

    async with serve_health(health, host="127.0.0.1", port=0) as port:
        status, text = await get(port, "/readyz")

    assert (status, text) == (503, '{"ready":false,"amiss":{"mapper":"not running"}}\n')


async def test_a_process_that_is_not_ready_is_still_live() -> None:
    health = Health()
    health.add("mapper", lambda: "not running")

    async with serve_health(health, host="127.0.0.1", port=0) as port:
        status, _ = await get(port, "/livez")

    assert status == 200


async def test_metrics_are_in_prometheus_text_form() -> None:
    async with serve_health(Health(), host="127.0.0.1", port=0) as port:
        status, text = await get(port, "/metrics")

    assert status == 200
    assert "# TYPE anji_vendor_calls_total counter" in text

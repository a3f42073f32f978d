"""The benches of the sandboxes measure another process, call by call."""

from bench.erp_rates import ErpSizes, measure_erp
from bench.sandbox_rates import SandboxSizes, measure_sandbox


async def test_a_small_bench_yields_a_rate_for_every_kind_of_call() -> None:
    families = await measure_sandbox(SandboxSizes(calls=4, pages=1, callers=2))

    assert [family.title for family in families] == [
        "Sandbox CRM, in memory",
        "Sandbox CRM, with a file",
    ]
    for family in families:
        assert len(family.figures) == 5
        assert all(figure.value > 0 for figure in family.figures)


async def test_a_small_bench_of_the_erp_yields_a_rate_for_every_kind_of_call() -> None:
    families = await measure_erp(ErpSizes(calls=4, batches=1, callers=2))

    assert [family.title for family in families] == [
        "Sandbox ERP, in memory",
        "Sandbox ERP, with a file",
    ]
    for family in families:
        assert len(family.figures) == 7
        assert all(figure.value > 0 for figure in family.figures)

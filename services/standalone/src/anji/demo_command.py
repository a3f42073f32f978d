"""The sub-command ``anji demo``: what can be typed, live progress, and the exit code."""

import asyncio
import os
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars

from anji.demo import DemoOptions, run_demo
from anji.demo_people import Plan
from anji.demo_report import print_report, report_json
from anji_common.logs import configure_logs

__all__ = ["demo", "demo_app"]

demo_app = typer.Typer()


class _BrokerName(StrEnum):
    EMBEDDED = "embedded"
    KAFKA = "kafka"


@demo_app.command()
def demo(  # noqa: PLR0913, PLR0917 - each is an option of the command
    customers: Annotated[int, typer.Option(min=1)] = 50,
    products: Annotated[int, typer.Option(min=1)] = 20,
    orders: Annotated[int, typer.Option(min=0)] = 200,
    shipments: Annotated[int, typer.Option(min=0)] = 100,
    broker: Annotated[
        _BrokerName, typer.Option(help="kafka reads ANJI_KAFKA_BOOTSTRAP_SERVERS.")
    ] = _BrokerName.EMBEDDED,
    real_limits: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--real-limits", help="Keep the CRM's 100 calls per 20 s.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed is another story.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """Let a made-up company work in a sandbox CRM and a sandbox ERP, and compare both sides."""
    configure_logs(level="error")
    plan = Plan(customers, products, orders, shipments, seed=seed)
    errors = Console(stderr=True)
    if not real_limits:
        errors.print("The sandbox CRM's rate limit is raised for this; --real-limits keeps it.")
    totals = {
        "products": plan.products,
        "customers": plan.customers,
        "customers in the ERP": plan.customers,
        "orders": plan.orders,
        "orders audited in the ERP": plan.orders,
        "shipments": plan.shipped,
        "delivery notes in the CRM": plan.shipped,
        "edits": plan.crm_edits + plan.erp_edits + plan.both_edits,
    }
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, console=errors) as bars:
        tasks = {name: bars.add_task(name, total=total) for name, total in totals.items()}
        report = asyncio.run(
            run_demo(
                plan,
                DemoOptions(broker.value, real_limits),
                dict(os.environ),  # noqa: TID251 - the outermost place, where settings are read
                lambda name, count: bars.update(tasks[name], completed=count),
            )
        )
    if as_json:
        sys.stdout.write(report_json(report) + "\n")
    print_report(errors if as_json else Console(), report)
    raise typer.Exit(0 if report.agrees else 1)

"""How the demo's outcome is shown: a table for eyes, one JSON object for programs."""

from collections.abc import Iterator

import orjson
from rich.console import Console
from rich.table import Table

from anji.demo import Report

__all__ = ["print_report", "report_json"]

_MOST_WORDS = 20


def report_json(report: Report) -> str:
    """Return the report as one JSON object."""
    document = {
        "agree": report.agrees,
        "links": {
            name: {
                "made": found.made,
                "linked": found.linked,
                "matched": found.matched,
                "differing": found.differing,
                "missing": found.missing,
                "doubled": found.doubled,
            }
            for name, found in report.links.items()
        },
        "writes": report.writes,
        "calls_per_record": {
            system: round(calls, 2) for system, calls in report.calls_per_record.items()
        },
        "latency_seconds": {
            "p50": round(report.latency_p50_seconds, 3),
            "p95": round(report.latency_p95_seconds, 3),
        },
        "seconds": round(report.seconds, 1),
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def print_report(console: Console, report: Report) -> None:
    """Print the summary, and what is wrong if anything is."""
    columns = ("made", "linked", "matched", "differing", "missing", "doubled")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("link type")
    for column in columns:
        table.add_column(column, justify="right")
    for name, found in report.links.items():
        table.add_row(name, *(str(getattr(found, column)) for column in columns))
    console.print(table)
    for line in (*_figures(report), *report.wrong[:_MOST_WORDS]):
        console.print(line, highlight=False)
    if len(report.wrong) > _MOST_WORDS:
        console.print(f"... and {len(report.wrong) - _MOST_WORDS} more")
    answer = "yes" if report.agrees else "no"
    console.print(f"both sides agree: [bold]{answer}[/bold]", highlight=False)


def _figures(report: Report) -> Iterator[str]:
    for system, writes in report.writes.items():
        per_record = report.calls_per_record[system]
        yield f"{system}: {writes} writes by Anji, {per_record:.2f} API calls per record"
    yield (
        f"from change to saved: p50 {report.latency_p50_seconds:.2f} s, "
        f"p95 {report.latency_p95_seconds:.2f} s; {report.seconds:.1f} s in all"
    )

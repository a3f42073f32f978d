"""``make faults``, or ``python -m ordeals [--scenario NAME] [--form up|services] [--seed N]``.

Runs every ordeal on real processes, then its control; prints a table and writes
``reports/faults.json``. The exit code is 1 if a record was harmed, if nothing was broken, or if a
control did no harm. ``--short`` does less of each, as controls always do; ``--scale 0.2`` does
that part of the long form; ``--keep`` leaves the files of all processes. ``--add`` puts the rows
into the report that stands there, so that a long form may be run in parts.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from anji_common.errors import AnjiError
from labs.kafka_probe import NotReadyError
from labs.kafka_server import KafkaServer
from labs.kafka_settings import LabSettings
from ordeals.catalogue import ORDEALS
from ordeals.ordeal import Outcome, undergo
from ordeals.report import Plan, Report, line, table

__all__ = ["again", "main"]

_TOO_LONG = "it took hours"
_REPORT = Path(__file__).parents[2] / "reports" / "faults.json"


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ordeals", description=__doc__)
    parser.add_argument("--scenario", choices=sorted(ORDEALS), action="append")
    parser.add_argument("--form", choices=("up", "services"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--add", action="store_true")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--no-controls", action="store_true")
    only.add_argument("--only-controls", action="store_true")
    return parser.parse_args()


def _plans(asked: argparse.Namespace) -> Iterator[Plan]:
    """Give what is to be run; a control is run once, on the first form of its ordeal."""
    for name in asked.scenario or ORDEALS:
        ordeal = ORDEALS[name]
        forms = [form for form in ordeal.forms if asked.form in (None, form)]
        work = ordeal.short if asked.short else ordeal.long.scaled(asked.scale)
        common = {"ordeal": ordeal, "seed": asked.seed}
        if not asked.only_controls:
            for form in forms:
                yield Plan(**common, form=form, work=work)
        if ordeal.control is not None and not asked.no_controls:
            for form in forms[:1]:
                yield Plan(**common, form=form, work=ordeal.short, control=ordeal.control)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    if keep:
        kept = Path(mkdtemp(prefix="anji-faults-"))
        sys.stdout.write(f"files are kept in {kept}\n")
        yield kept
        return
    with TemporaryDirectory(prefix="anji-faults-") as gone:
        yield Path(gone)


@asynccontextmanager
async def _kafka(folder: Path, *, is_needed: bool) -> AsyncIterator[KafkaServer | None]:
    if not is_needed:
        yield None
        return
    server = KafkaServer(folder / "kafka", LabSettings().cache)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


async def main(asked: argparse.Namespace) -> bool:
    """Run what was asked for; return whether all of it ended well."""
    plans = list(_plans(asked))
    report = Report(_REPORT)
    report.begin(keeps=asked.add)
    outcomes: list[Outcome] = []
    broken_off = 0
    with _folder(keep=asked.keep) as folder:
        needs = any(plan.form == "services" for plan in plans)
        async with _kafka(folder, is_needed=needs) as kafka:
            for number, plan in enumerate(plans):
                try:
                    outcome = await undergo(
                        plan.ordeal,
                        plan.form,
                        plan.seed,
                        folder / f"{number:02}-{plan.ordeal.name}",
                        work=plan.work,
                        control=plan.control,
                        kafka=kafka if plan.form == "services" else None,
                    )
                except (AssertionError, AnjiError, NotReadyError, TimeoutError) as error:
                    broken_off += 1
                    why = str(error) or _TOO_LONG
                    report.add(plan, None, why)
                    sys.stdout.write(f"BAD {plan.ordeal.name} {plan.form} was broken off: {why}\n")
                    continue
                outcomes.append(outcome)
                report.add(plan, outcome)
                _tell(outcome, asked)
    sys.stdout.write(f"\nseed {asked.seed}\n\n{table(outcomes)}\n\nin full: {_REPORT.name}\n")
    return broken_off == 0 and all(each.is_good for each in outcomes)


def again(outcome: Outcome, *, short: bool, scale: float) -> str:
    """Return the options that run the same once more: as much of it, and only a control if it was.

    A control is always short.
    """
    size = " --short" if short else f" --scale {scale:g}" if scale != 1 else ""
    which = " --only-controls" if outcome.control else " --no-controls"
    named = f"--scenario {outcome.ordeal.name} --form {outcome.form} --seed {outcome.seed}"
    return f"{named}{size}{which}"


def _tell(outcome: Outcome, asked: argparse.Namespace) -> None:
    sys.stdout.write(f"{'ok ' if outcome.is_good else 'BAD'} {line(outcome)}\n")
    for each in outcome.bounds:
        most = f"{each.at_least} or more" if each.at_least else f"{each.at_most} or less"
        judged = ("kept" if each.is_kept else "NOT KEPT") + (
            "" if each.is_judged else ", not judged"
        )
        sys.stdout.write(f"    {each.words}: {each.value:.2f} of {most} ({judged})\n")
    if not outcome.is_good:
        options = again(outcome, short=asked.short, scale=asked.scale)
        sys.stdout.write(f'    again: make faults FAULTS="{options}"\n')
        sys.stdout.writelines(f"    {found}\n" for found in outcome.fate.findings[:20])
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(_parsed())) else 1)

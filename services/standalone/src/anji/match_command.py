"""``anji match``: records that both systems had before Anji, paired and joined without a write."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from anji.claims import claim
from anji.homes import scratch_folder
from anji.installation import Installation
from anji.match_tables import (
    CsvSheet,
    differences_table,
    is_personal,
    matches_table,
    pairs_of,
)
from anji.running import file_to_write, run_on_runtime, table_console
from anji_common.errors import RejectedError
from anji_common.runtime import Runtime
from anji_mapper.cards import Names
from anji_mapper.link.discreet import HIDDEN
from anji_mapper.link.joining import Joined
from anji_mapper.mapping.check import load_order
from anji_mapper.mapping.model import LinkType
from anji_mapper.matching import Matching, open_matching
from anji_mapper.pairing import Match, Standing

__all__ = ["match_app", "match_records"]

match_app = typer.Typer()

_out = table_console()


class _Differing(StrEnum):
    KEEP = "keep"
    OWNER = "owner"


@match_app.command("match")
def match_records(  # noqa: PLR0913, PLR0917 - one parameter an option
    link_type: Annotated[str | None, typer.Argument(help="Only that link type.")] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--csv", callback=file_to_write, help="Write every pair to this file."),
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="CSV of pairs made by hand: columns crm and erp.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name fields, CRM~ERP: name~FName.")] = None,
    tax: Annotated[str | None, typer.Option(help="Tax number fields, CRM~ERP.")] = None,
    differing: Annotated[
        _Differing, typer.Option(help="Fields that differ: keep both, or let the owner win.")
    ] = _Differing.KEEP,
    apply: Annotated[  # noqa: FBT002 - typer's way to declare a flag
        bool, typer.Option("--apply", help="Link the certain ones; without this it is only said.")
    ] = False,
) -> None:
    """Pair records that both systems have; certain, doubtful and unmatched ones, with reasons."""

    async def work(installation: Installation, runtime: Runtime) -> None:
        types = _in_order(installation, link_type)
        by_hand = pairs_of(pairs) if pairs else []
        if by_hand and len(types) != 1:
            msg = "pairs made by hand are of one link type: name it"
            raise RejectedError(msg)
        with ExitStack() as opened:
            if apply and installation.settings.broker == "embedded":
                opened.enter_context(claim(installation.settings.home, ["mapper"]))
            folder = opened.enter_context(scratch_folder(installation.settings.home))
            written = (
                CsvSheet(opened.enter_context(sheet.open("w", newline="", encoding="utf-8-sig")))
                if sheet
                else None
            )
            async with open_matching(
                runtime.broker,
                installation.mappings,
                types,
                folder=folder,
                now=runtime.clock.now(),
            ) as matching:
                for each in types:
                    found = _Found(matching, each, keeps=differing is _Differing.KEEP)
                    matches = matching.matches(each, _names(each, name, tax), by_hand)
                    links = found.links(matches, written)
                    count = await matching.write(links) if apply else sum(1 for _ in links)
                    _show(found, count, applied=apply)

    run_on_runtime(work)


class _Found:
    """What comes of one link type's pairs; counted while they are gone through."""

    def __init__(self, matching: Matching, link_type: LinkType, *, keeps: bool) -> None:
        self.matching = matching
        self.link_type = link_type
        self._keeps = keeps
        self.reasons: Counter[tuple[Standing, str]] = Counter()
        self.differing: Counter[tuple[str, str]] = Counter()
        self.samples: dict[str, str] = {}

    def links(self, matches: Sequence[Match], sheet: CsvSheet | None) -> Iterator[Joined]:
        """Yield the links of the certain ones."""
        for match in matches:
            joined = self.matching.joined(self.link_type, match, keeps=self._keeps)
            standing, reason = match.standing, match.reason
            if joined is not None and (words := _doubt(joined)):
                standing, reason, joined = Standing.DOUBTFUL, f"{reason}, but {words}", None
            elif joined is None and standing is Standing.CERTAIN:
                standing, reason = Standing.DOUBTFUL, f"{reason}, but one was linked meanwhile"
            self.reasons[standing, reason] += 1
            differences = () if joined is None else joined.differences
            for each in differences:
                self.differing[each.field, str(each.owner)] += 1
                sample = f"{each.crm!r} | {each.erp!r}"
                hides = is_personal(self.link_type, each.field)
                self.samples.setdefault(each.field, HIDDEN if hides else sample)
            if sheet is not None:
                sheet.add(self.link_type.name, standing, reason, match, differences)
            if joined is not None:
                self.matching.learn(joined)
                yield joined


def _doubt(joined: Joined) -> str:
    """Return why records that are surely the same are not joined by themselves."""
    if joined.lone_lines:
        return f"{joined.lone_lines} lines are on one side only"
    return f"cannot be compared: {joined.open_words[0]}" if joined.open_words else ""


def _show(found: _Found, count: int, *, applied: bool) -> None:
    name = found.link_type.name
    _out.print(matches_table(name, found.reasons, found.matching.left_out))
    if found.differing:
        _out.print(differences_table(found.differing, found.samples))
    how = "would be linked; --apply does it"
    if applied:
        how = "are linked; nothing was written to either system"
    _out.print(f"{name}: {count} certain ones {how}")


def _in_order(installation: Installation, name: str | None) -> list[LinkType]:
    """Return the link types, each after those that it refers to."""
    order = load_order(installation.mappings)
    return sorted(installation.types(name), key=lambda each: order.index(each.name))


def _names(link_type: LinkType, name: str | None, tax: str | None) -> Names:
    known = Names.of(link_type)
    return Names(_paths(name) or known.name, _paths(tax) or known.tax)


def _paths(typed: str | None) -> tuple[str, str] | None:
    if typed is None:
        return None
    crm, tilde, erp = typed.partition("~")
    if not (tilde and crm and erp):
        msg = f"{typed}: say the CRM's field, ~ and the ERP's: name~FName"
        raise typer.BadParameter(msg)
    return crm, erp

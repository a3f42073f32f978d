"""``anji mapping``: check mapping files before a service is started with them."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Annotated

import typer
from rich.console import Console

from anji.installation import mapping_settings
from anji.live_facts import crm_facts, erp_facts
from anji_common.clock import SystemClock
from anji_common.http_transport import HttpTransport
from anji_common.refs import System
from anji_common.settings import InstallationSettings, SettingsSource
from anji_fxiaoke.service import make_client
from anji_fxiaoke.settings import FxiaokeSettings
from anji_k3cloud.service import Connection
from anji_k3cloud.settings import K3CloudSettings
from anji_mapper.mapping.check import check, dependencies, load_order
from anji_mapper.mapping.compile import as_far_as_right, find_errors, find_live_errors
from anji_mapper.mapping.entry_points import installed_conversions
from anji_mapper.mapping.findings import Finding
from anji_mapper.mapping.folder import find_folder, read_folder
from anji_mapper.mapping.live import SystemFacts
from anji_mapper.mapping.model import Mappings

__all__ = ["check_mappings", "live_facts", "mapping_app"]

mapping_app = typer.Typer(help="The mapping files.", no_args_is_help=True)

_out = Console(soft_wrap=True, highlight=False)


@mapping_app.callback()
def _mapping() -> None:
    """Keep `check` a word to be typed while it is the only one."""


@mapping_app.command("check")
def check_mappings(
    folder: Annotated[
        Path | None, typer.Argument(help="By default ANJI_MAPPINGS_DIR, or the shipped ones.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask both systems as well.")] = False,  # noqa: FBT002 - typer's way to declare a flag
) -> None:
    """Say all that is wrong, a line each: file, line, column, what, and the nearest right name."""
    given, settings = mapping_settings(os.environ)  # noqa: TID251 - the outermost place, where they are read
    texts = read_folder(find_folder(folder or given))
    own = installed_conversions()
    findings: Sequence[Finding] = find_errors(texts, settings, own)
    mappings = as_far_as_right(texts, settings, own)
    findings = findings or check(mappings)
    if live:
        source = SettingsSource.read(os.environ)  # noqa: TID251 - as above
        facts = asyncio.run(live_facts(source, mappings))
        live_ones = find_live_errors(texts, settings, own, facts)
        findings = sorted({*findings, *live_ones})
    for finding in findings:
        _out.print(str(finding), markup=False)
    if findings:
        _out.print(f"mistakes: {len(findings)}, in {len(texts)} files", markup=False)
        raise typer.Exit(1)
    for line in _summary(load_order(mappings), dependencies(mappings)):
        _out.print(line, markup=False)
    for each in mappings.published:
        line = f"{each.name}: {each.interest.object_name} is published, and linked with nothing"
        _out.print(line, markup=False)


async def live_facts(source: SettingsSource, mappings: Mappings) -> dict[System, SystemFacts]:
    """Return what both systems say of the objects that the mappings name.

    Raises:
        RetriableError, FatalError: one of them cannot be asked.
    """
    crm, erp = source.load(FxiaokeSettings), source.load(K3CloudSettings)
    ca_file, clock = source.load(InstallationSettings).ca_file, SystemClock()
    crm_door, erp_door = (
        HttpTransport(url, system=system.value, clock=clock, ca_file=ca_file)
        for url, system in ((crm.base_url, System.FXIAOKE), (erp.base_url, System.K3CLOUD))
    )
    try:
        _, metadata = make_client(crm, crm_door, clock, SystemRandom())
        connection = Connection.over(erp, clock, erp_door)
        return {
            System.FXIAOKE: await crm_facts(metadata, mappings.interest(System.FXIAOKE)),
            System.K3CLOUD: await erp_facts(connection, mappings.interest(System.K3CLOUD)),
        }
    finally:
        await crm_door.close()
        await erp_door.close()


def _summary(order: Sequence[str], depends: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return a line for each link type, in the order of a first load."""
    lines = [f"{name}: waits for {', '.join(depends[name]) or 'nothing'}" for name in order]
    return [*lines, f"{len(lines)} link types, no mistake"]

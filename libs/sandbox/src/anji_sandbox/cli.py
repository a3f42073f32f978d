"""What ``anji sandbox`` runs: both vendors on localhost, and a file that tells how to call them.

With a data folder everything survives a restart, also ``kill -9``, and the credentials stay the
same; without one each start is a new company.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from anji_sandbox.derived import secret
from anji_sandbox.faults import Faults, FaultyCore
from anji_sandbox.fxiaoke import OBJECTS, FxiaokeCore
from anji_sandbox.http import Server, serve
from anji_sandbox.k3cloud import K3CloudCore
from anji_sandbox.store import Store
from anji_sandbox.switches import FxiaokeLimits, FxiaokeSwitches

__all__ = ["Credentials", "Sandboxes", "run_sandboxes", "sandboxes", "write_credentials"]

_MARK = "anji_ref__c"
"""The custom field for the mark of whoever joins the CRM with another system."""

Credentials = Mapping[str, Mapping[str, str | int]]
"""The credentials file: ``{"fxiaoke": {...}, "k3cloud": {...}}``."""


@dataclass(frozen=True, slots=True)
class Sandboxes:
    """Both vendors, served."""

    fxiaoke: Server
    k3cloud: Server
    credentials: Credentials


@asynccontextmanager
async def sandboxes(  # noqa: PLR0913 - each is a setting of the command
    fxiaoke_port: int = 0,
    k3cloud_port: int = 0,
    *,
    data: Path | None = None,
    seed: str | None = None,
    limits: FxiaokeLimits | None = None,
    callback_url: str | None = None,
    fxiaoke_admin_port: int = 0,
    k3cloud_admin_port: int = 0,
    objects: Path | None = None,
) -> AsyncIterator[Sandboxes]:
    """Serve both vendors until the block ends; port 0 takes any free one.

    Args:
        fxiaoke_port: of the CRM.
        k3cloud_port: of the ERP.
        data: folder of both files; without it the state ends with the process.
        seed: decides ids and secrets of a new company; random by default.
        limits: how many calls the CRM takes; the documented ones by default.
        callback_url: where the CRM posts its events; what was set last by default.
        fxiaoke_admin_port: of ``/_faults`` and the like, apart from what clients call.
        k3cloud_admin_port: of the same for the ERP.
        objects: JSON file of objects that the CRM has besides, or has otherwise, in the form of
            ``fxiaoke/objects.json``; they stay in the data.

    Raises:
        ValueError: the file of objects is not in that form.
    """
    defined = None if objects is None else _read(objects)
    with _store(data, "fxiaoke") as crm_store, _store(data, "k3cloud") as erp_store:
        crm = FxiaokeCore(
            crm_store,
            _as_set_up(),
            limits,
            seed=seed or secrets.token_hex(16),
            callback_url=callback_url,
        )
        if defined is not None:
            crm.define_objects(defined)
        # The CRM's store keeps the seed of its company; the ERP's secrets follow from it.
        erp = K3CloudCore(erp_store, seed=int(secret(crm.company.seed, "k3cloud")[:12], 16))
        bad_crm = FaultyCore(crm, Faults(seed=f"crm {crm.company.seed}"))
        bad_erp = FaultyCore(erp, Faults(seed=f"erp {crm.company.seed}"))
        async with (
            serve(bad_crm, fxiaoke_port, admin_port=fxiaoke_admin_port) as crm_server,
            serve(bad_erp, k3cloud_port, admin_port=k3cloud_admin_port) as erp_server,
        ):
            crm_urls = {"url": crm_server.url, "admin_url": crm_server.admin_url}
            credentials: Credentials = {
                "fxiaoke": {**crm_urls, **crm.credentials},
                "k3cloud": {
                    "url": f"{erp_server.url}/k3cloud/",
                    "admin_url": erp_server.admin_url,
                    **erp.credentials,
                },
            }
            yield Sandboxes(crm_server, erp_server, credentials)


async def run_sandboxes(  # noqa: PLR0913 - each is a setting of the command
    fxiaoke_port: int,
    k3cloud_port: int,
    credentials_file: Path,
    *,
    data: Path | None = None,
    seed: str | None = None,
    callback_url: str | None = None,
    objects: Path | None = None,
    on_ready: Callable[[Credentials], None] = lambda _: None,
) -> None:
    """Serve both vendors until cancelled; the file is there once they answer."""
    async with sandboxes(
        fxiaoke_port,
        k3cloud_port,
        data=data,
        seed=seed,
        callback_url=callback_url,
        objects=objects,
    ) as running:
        write_credentials(credentials_file, running.credentials)
        on_ready(running.credentials)
        await asyncio.Event().wait()


def _as_set_up() -> FxiaokeSwitches:
    """Return the CRM of a company that guards its mark: it takes each value of it once."""
    marks = (f"{name}.{_MARK}" for name, spec in OBJECTS.items() if _MARK in spec.fields)
    return FxiaokeSwitches(unique_fields=frozenset(marks))


def _read(path: Path) -> object:
    value: object = orjson.loads(path.read_bytes())
    return value


def _store(data: Path | None, name: str) -> Store:
    if data is None:
        return Store(None)
    data.mkdir(parents=True, exist_ok=True)
    return Store(data / f"{name}.db")


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Write the file at once or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(credentials, option=orjson.OPT_INDENT_2) + b"\n")
    draft.replace(path)

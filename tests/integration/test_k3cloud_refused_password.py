"""A refused password is not tried again by a restart, which would lock the user."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from anji_common.errors import AuthenticationError
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_k3cloud.sessions import Sessions
from labs.erp_lab import Erp, make_erp, settings_of

_HOUR_SECONDS = 3600.0


def on_an_erp(test: Callable[[Erp], Coroutine[Any, Any, None]]) -> None:
    """Run a test on an ERP whose password Anji does not know any more."""

    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        erp = make_erp(clock, signed=False)
        user = str(erp.k3cloud.credentials["username"])
        erp.k3cloud.administer("POST", "password", {"username": user, "password": "new"})
        await test(erp)

    run_virtually(run())


async def start(erp: Erp, folder: Path, **more: object) -> None:
    """Be started with the settings of an hour ago, or others."""
    old = make_erp(erp.clock, signed=False).k3cloud.credentials["password"]
    settings = settings_of(erp.k3cloud, signed=False, **{"password": old, **more})
    await Sessions(erp.transport, settings, erp.clock, folder).log_in()


def forget(kept: Path) -> None:
    kept.unlink()


def torn(folder: Path) -> str:
    """Return what is kept, and leave something else there."""
    (kept,) = folder.iterdir()
    text = kept.read_text()
    kept.write_text("torn")
    return text


def test_six_restarts_try_a_refused_password_once_and_the_right_one_is_let_in(
    tmp_path: Path,
) -> None:
    async def test(erp: Erp) -> None:
        told = []
        for _ in range(6):
            with pytest.raises(AuthenticationError) as caught:
                await start(erp, tmp_path)
            told.append(str(caught.value))

        await start(erp, tmp_path, password="new")

        assert erp.k3cloud.store.calls["validateuser"] == 2
        assert "nothing is lost; set ANJI_K3CLOUD_USERNAME and ANJI_K3CLOUD_PASSWORD" in told[0]
        for words in told[1:]:
            assert "Set ANJI_K3CLOUD_PASSWORD to the right one and start again" in words

    on_an_erp(test)


def test_the_same_password_is_tried_again_after_an_hour_or_when_the_file_is_deleted(
    tmp_path: Path,
) -> None:
    async def test(erp: Erp) -> None:
        with pytest.raises(AuthenticationError):
            await start(erp, tmp_path)
        with pytest.raises(AuthenticationError) as caught:
            await start(erp, tmp_path)
        kept = re.search(r"delete (\S+)$", str(caught.value))
        assert kept is not None
        await erp.clock.sleep(_HOUR_SECONDS + 1)
        with pytest.raises(AuthenticationError, match="set ANJI_K3CLOUD_USERNAME"):
            await start(erp, tmp_path)
        forget(Path(kept[1]))
        with pytest.raises(AuthenticationError, match="set ANJI_K3CLOUD_USERNAME"):
            await start(erp, tmp_path)

        assert erp.k3cloud.store.calls["validateuser"] == 3

    on_an_erp(test)


def test_what_is_kept_of_a_refused_password_does_not_tell_it(tmp_path: Path) -> None:
    async def test(erp: Erp) -> None:
        with pytest.raises(AuthenticationError):
            await start(erp, tmp_path, password="a-guess")

        assert "a-guess" not in torn(tmp_path)
        with pytest.raises(AuthenticationError, match="set ANJI_K3CLOUD_USERNAME"):
            await start(erp, tmp_path, password="a-guess")

    on_an_erp(test)


def test_a_refusal_that_cannot_be_remembered_is_told_all_the_same(tmp_path: Path) -> None:
    """Who restarts what has ended lets it be with the exit code of a refusal alone."""
    folder = tmp_path / "no folder"
    folder.write_text("")

    async def test(erp: Erp) -> None:
        with pytest.raises(AuthenticationError, match="ANJI_K3CLOUD_PASSWORD"):
            await start(erp, folder)

    on_an_erp(test)

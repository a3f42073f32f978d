"""Runs one command of the line: settings are read, logs are set up, the broker is opened."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from anji.installation import Installation
from anji_common.logs import configure_logs
from anji_common.runtime import Runtime

__all__ = ["run_command", "run_on_runtime"]


def run_command(work: Callable[[Installation], Coroutine[Any, Any, None]]) -> None:
    """Run `work` with the installation that the environment describes.

    Raises:
        ConfigurationError: a setting or a mapping is wrong.
    """
    installation = Installation.read(os.environ)  # noqa: TID251 - the outermost place, where they are read
    configure_logs(installation.settings.log_format, installation.settings.log_level)
    asyncio.run(work(installation))


def run_on_runtime(work: Callable[[Installation, Runtime], Coroutine[Any, Any, None]]) -> None:
    """Run `work` with an installation that exists, and its broker.

    Raises:
        ConfigurationError: a setting or a mapping is wrong, or there is no installation.
    """

    async def run(installation: Installation) -> None:
        async with installation.runtime(makes=False) as runtime:
            await work(installation, runtime)

    run_command(run)

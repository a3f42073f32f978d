"""What a test needs of its machine, and what happens where that is absent.

Nothing is skipped quietly: CI passes ``--require=kafka``, and then absence is a failure.
"""

from typing import NoReturn

import pytest

__all__ = ["absent"]


def absent(config: pytest.Config, need: str, reason: str) -> NoReturn:
    """End the test that asked for `need`: a failure where it is required, else a loud skip."""
    if need in str(config.getoption("--require")).split(","):
        pytest.fail(f"{need} is required here: {reason}", pytrace=False)
    pytest.skip(f"NOT TESTED, no {need}: {reason}")

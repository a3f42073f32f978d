"""One process a service, told by a lock that dies with its holder."""

from pathlib import Path

import pytest

from anji.claims import claim
from anji_common.errors import ConfigurationError


def test_a_claimed_service_cannot_be_claimed_again(tmp_path: Path) -> None:
    with claim(tmp_path, ["mapper"]), pytest.raises(ConfigurationError, match="runs mapper"):
        claim(tmp_path, ["k3cloud-writer", "mapper"]).__enter__()


def test_other_services_may_run_beside_it(tmp_path: Path) -> None:
    with claim(tmp_path, ["mapper"]), claim(tmp_path, ["k3cloud-writer"]):
        assert sorted(path.name for path in (tmp_path / "running").iterdir()) == [
            "k3cloud-writer",
            "mapper",
        ]


def test_a_claim_ends_with_its_context(tmp_path: Path) -> None:
    with claim(tmp_path, ["mapper"]):
        pass

    with claim(tmp_path, ["mapper"]):
        assert (tmp_path / "running" / "mapper").exists()

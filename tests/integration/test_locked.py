"""The bill of materials is of what is locked, and nothing else."""

from pathlib import Path

import orjson

from locked import locked_versions, main

LOCK = Path(__file__).parents[2] / "requirements.lock"


def test_the_bill_names_what_is_locked_with_the_hashes_that_are_locked(tmp_path: Path) -> None:
    file = tmp_path / "bill" / "sbom.cdx.json"

    assert main(["sbom", str(file)]) == 0

    lock = LOCK.read_text()
    bill = orjson.loads(file.read_bytes())
    (ours,) = (one for one in bill["components"] if "purl" not in one)
    foreign = [one for one in bill["components"] if one is not ours]
    found = {(one["name"], one["version"]) for one in foreign}
    assert ours["name"] == "anji"
    assert found <= set(locked_versions(lock))
    assert {"aiohttp", "aiokafka", "cryptography", "pydantic"} <= {name for name, _ in found}
    assert "pytest" not in {name for name, _ in found}
    for one in foreign:
        assert one["hashes"], one["name"]
        assert all(f"sha256:{part['content']}" in lock for part in one["hashes"]), one["name"]
    assert b"://" not in file.read_bytes()

"""What stands in a sandbox's file: read with SQLite alone, by no code of the sandbox or of Anji.

The file has one table of things: a kind, an id and JSON. The CRM's kinds are its API names; the
ERP's are ``k3cloud <FormId>``, with a head and rows of fields. Reading never disturbs the sandbox
(WAL), and what is read is of one moment.
"""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Shelves"]

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shelves:
    """Both systems as they stood at one moment each."""

    crm: Mapping[str, Mapping[str, Record]]
    """By API name and id."""
    erp: Mapping[str, Mapping[str, Record]]
    """By form and id; each record has ``head`` and ``rows``."""

    @classmethod
    def read(cls, crm: Path, erp: Path) -> "Shelves":
        """Read both systems' files."""
        forms = {
            kind.removeprefix("k3cloud "): records
            for kind, records in _things(erp).items()
            if kind.startswith("k3cloud ")
        }
        return cls(_things(crm), forms)


def _things(path: Path) -> dict[str, dict[str, Record]]:
    found: dict[str, dict[str, Record]] = {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
        for kind, record_id, text in file.execute("SELECT kind, id, json FROM things"):
            if not kind.startswith("#"):
                found.setdefault(kind, {})[record_id] = json.loads(text)
    return found

"""The JSON Schema of mapping files, for editors: ``docs/mappings/mapping.schema.json``."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from anji_mapper.mapping.publish_forms import PublishForm
from anji_mapper.mapping.schema import FileForm

__all__ = ["mapping_pages"]


def mapping_pages(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text of every page in `folder` that is made from the code."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping file of Anji",
        **TypeAdapter(FileForm | PublishForm).json_schema(),
    }
    text = json.dumps(schema, ensure_ascii=False, indent=2)
    yield folder / "mapping.schema.json", f"{text}\n"

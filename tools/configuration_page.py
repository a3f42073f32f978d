"""The page ``docs/configuration.md``: every setting, from the classes that read them."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from anji.installation import SETTINGS
from anji_common.settings import PartSettings, typed_names

__all__ = ["configuration_page"]

_HEAD = """# Configuration

<!-- Made from the code by `make docs`. -->

A setting has one name, the one that is typed: `ANJI_FXIAOKE_APP_ID`. It is read from the
environment, else from a TOML file, which `ANJI_CONFIG` names; without it, it is `anji.toml` under
`ANJI_HOME`. In the file the same setting is `app_id` under `[fxiaoke]`; what has no part
(`ANJI_BROKER`) stands at the top, without `ANJI_`. What is missing or wrong ends the process with
one line for each and exit code 78. Secrets are never printed. A variable that is set to nothing
(`ANJI_PARTITIONS=""`, as manifests often have it) counts as not set: the file holds, else the
default. What shall be empty is `""` in the file.

What a mapping leaves to the installation (its `settings:`) stands in the file only, under
`[mapping.<link type>]`:

```toml
broker = "kafka"

[kafka]
bootstrap_servers = "kafka:9092"

[mapping.customer]
organisation = "603"
```
"""


def configuration_page(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text of the page."""
    sections = [_section(kind) for kind in SETTINGS]
    yield root / "docs" / "configuration.md", "\n".join([_HEAD, *sections])


def _section(kind: type[PartSettings]) -> str:
    title = kind.__name__.removesuffix("Settings")
    names = typed_names(kind).items()
    rows = "\n".join(_row(name, kind.model_fields[field]) for name, field in names)
    words = (kind.__doc__ or "").strip().splitlines()[0]
    return f"## {title}\n\n{words}\n\n| setting | default | meaning |\n|---|---|---|\n{rows}\n"


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split()).replace("``", "`").replace("|", "\\|")
    return f"| `{name}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, Path):  # the page must be the same whoever makes it
        return f"`{str(value).replace(str(Path.home()), '~')}`"
    text = value.value if isinstance(value, Enum) else value
    return f"`{text}`" if str(text) else "empty"

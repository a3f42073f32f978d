"""Settings: read once, by whoever puts a process together, from environment and one TOML file.

`SettingsSource` fills any settings class. A setting has one name, the one that is typed:
``ANJI_FXIAOKE_APP_ID``. In the file the same stands as ``app_id`` under ``[fxiaoke]``, and what
has no part (``ANJI_BROKER``) at the top. The environment wins. The file is ``ANJI_CONFIG``, else
``anji.toml`` under ``ANJI_HOME``, else there is none.

What is missing or wrong ends the process with one line for each, named as it is typed. Values
are never repeated in such a line: they may be secrets.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import AliasChoices, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from anji_common.errors import ConfigurationError

__all__ = ["EX_CONFIG", "InstallationSettings", "PartSettings", "SettingsSource", "typed_names"]

EX_CONFIG = 78
"""The exit code of a process whose settings are missing or wrong (sysexits.h)."""

_PREFIX = "ANJI_"
S = TypeVar("S", bound="PartSettings")


class PartSettings(BaseSettings):
    """What holds for one part of an installation; filled by a `SettingsSource` and nothing else.

    Left to itself the library would look into the environment once more, and there take a
    variable that is set to nothing (as manifests have them) for a value.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's form
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's form
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's form
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's form
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the one place that values come from: whoever makes the object."""
        return (init_settings,)


class InstallationSettings(PartSettings):
    """What holds for a whole installation."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    home: Path = Field(default_factory=lambda: Path.home() / ".anji")
    """Where this installation keeps its state: the embedded broker's file, and views."""

    broker: Literal["embedded", "kafka"] = "embedded"
    """`embedded` keeps everything in one file under `home`; `kafka` needs ``ANJI_KAFKA_…``."""

    topic_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]*$", max_length=100)
    """Put before every topic and group, so that installations can share a cluster."""

    partitions: int = Field(default=12, ge=1, le=1000)
    """Of every topic. It bounds how many processes share the work, and can't be changed later:
    the same key would stand in another partition."""

    mappings_dir: Path | None = None
    """Folder of the mapping files. `None` takes those that are shipped."""

    ca_file: Path | None = None
    """Certificates of a private authority, in PEM, trusted for both vendors besides the machine's
    own. Verification itself cannot be switched off."""

    grace_seconds: float = Field(default=20.0, ge=0)
    """How long a process that is told to end (SIGTERM, Ctrl-C) finishes what it has in hand. What
    is in hand after that is cut off, and the exit code is 75. Less than what whoever ends it
    allows: 30 s in Kubernetes unless a pod says otherwise."""

    health_port: int = Field(default=8086, ge=0, le=65535)
    """Port on this machine of ``/livez``, ``/readyz`` and ``/metrics``; 0 takes any free one."""

    health_host: str = "127.0.0.1"
    """Where that port listens. A container whose probes come from outside needs ``0.0.0.0``."""

    log_format: Literal["console", "json"] = "console"
    """`console` for eyes, `json` for collectors: one object a line."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is written."""


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Environment and file, read; fills settings classes."""

    environment: Mapping[str, str]
    file: Mapping[str, Any]
    file_name: str = "anji.toml"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "SettingsSource":
        """Return a source of `environment` and the file that it names.

        Raises:
            ConfigurationError: the file that ``ANJI_CONFIG`` names is not there, or is no TOML.
        """
        named = environment.get("ANJI_CONFIG")
        home = environment.get("ANJI_HOME") or Path.home() / ".anji"
        path = Path(named) if named else Path(home) / "anji.toml"
        if not named and not path.exists():
            return cls(environment, {}, str(path))
        try:
            return cls(environment, tomllib.loads(path.read_text()), str(path))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            msg = f"ANJI_CONFIG: cannot read {path}: {error}"
            raise ConfigurationError(msg) from error

    def load(self, kind: type[S]) -> S:
        """Return the settings of one class.

        Raises:
            ConfigurationError: some are missing or wrong; one line for each.
        """
        names = typed_names(kind)
        values: dict[str, Any] = {}
        for name, field in names.items():
            key = _key(kind, field)
            if self.environment.get(name):
                values[key] = self.environment[name]
            elif (found := self._in_file(name, kind)) is not None:
                values[key] = found
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            by_key = {_key(kind, field): name for name, field in names.items()}
            by_key |= {field: name for name, field in names.items()}
            errors = (*error.errors(), *_of_several(kind, values, error))
            lines = "\n".join(_line(found, by_key, kind) for found in errors)
            raise ConfigurationError(lines) from error

    def unknown(
        self, kinds: tuple[type[PartSettings], ...], *, tables: frozenset[str] = frozenset()
    ) -> tuple[str, ...]:
        """Return what is set but no setting of `kinds`, as it was typed; most likely misspelt.

        `tables` of the file belong to somebody else.
        """
        known = {name for kind in kinds for name in typed_names(kind)} | {"ANJI_CONFIG"}
        sections = {_section(kind) for kind in kinds} - {None}
        found = {name for name in self.environment if name.startswith(_PREFIX)}
        for key, value in self.file.items():
            if key in tables:
                continue
            if key in sections and isinstance(value, Mapping):
                found |= {f"{_PREFIX}{key}_{name}".upper() for name in value}
            else:
                found.add(f"{_PREFIX}{key}".upper())
        return tuple(sorted(found - known))

    def table(self, name: str) -> Mapping[str, Mapping[str, str]]:
        """Return the tables under ``[name.…]`` of the file, their values as text.

        Raises:
            ConfigurationError: something else stands there.
        """
        found = self.file.get(name, {})
        if not isinstance(found, Mapping) or not all(
            isinstance(table, Mapping) for table in found.values()
        ):
            msg = f"{self.file_name}: [{name}.…] must be tables"
            raise ConfigurationError(msg)
        return {
            key: {setting: str(value) for setting, value in table.items()}
            for key, table in found.items()
        }

    def _in_file(self, name: str, kind: type[PartSettings]) -> object:
        section = _section(kind)
        rest = name.removeprefix(_PREFIX).lower()
        if section is not None and rest.startswith(f"{section}_"):
            inside = self.file.get(section, {})
            return (
                inside.get(rest.removeprefix(f"{section}_"))
                if isinstance(inside, Mapping)
                else None
            )
        return self.file.get(rest)


def typed_names(kind: type[PartSettings]) -> dict[str, str]:
    """Return the settings of a class: name as it is typed → name of the field."""
    return dict(_named(kind))


def _named(kind: type[PartSettings]) -> Iterator[tuple[str, str]]:
    prefix = str(kind.model_config.get("env_prefix", ""))
    for field, info in kind.model_fields.items():
        yield _alias(info) or f"{prefix}{field}".upper(), field


def _alias(info: FieldInfo) -> str | None:
    alias = info.validation_alias
    first = alias.choices[0] if isinstance(alias, AliasChoices) else alias
    return first if isinstance(first, str) else None


def _key(kind: type[PartSettings], field: str) -> str:
    return _alias(kind.model_fields[field]) or field


def _section(kind: type[PartSettings]) -> str | None:
    part = str(kind.model_config.get("env_prefix", "")).removeprefix(_PREFIX).rstrip("_")
    return part.lower() or None


def _of_several(
    kind: type[PartSettings], values: Mapping[str, Any], error: ValidationError
) -> list[Any]:
    """Return what is wrong with several settings together, beside some that are missing.

    The library looks at them only where each is right by itself, so those that are missing are
    taken as given.
    """
    missing = [found["loc"][0] for found in error.errors() if found["type"] == "missing"]
    if len(missing) < error.error_count():
        return []
    try:
        kind.model_validate({**values, **dict.fromkeys(map(str, missing), "given")})
    except ValidationError as of_several:
        return [found for found in of_several.errors() if not found["loc"]]
    return []


def _line(found: Any, by_key: Mapping[str, str], kind: type[PartSettings]) -> str:  # noqa: ANN401 - pydantic's error is a dictionary of anything
    words = str(found["msg"]).removeprefix("Value error, ")
    if not found["loc"]:  # of several settings together: it names them as the class does
        fields = {field: name for name, field in typed_names(kind).items()}
        return re.sub(r"\w+", lambda word: fields.get(word[0], word[0]), words)
    key = str(found["loc"][0])
    name = by_key.get(key, key)
    if found["type"] == "missing":
        meaning = (kind.model_fields[typed_names(kind)[name]].description or "").split(". ")[0]
        meaning = " ".join(meaning.replace("``", "").replace("`", "").split()).rstrip(".")
        return f"{name} is missing: {meaning}" if meaning else f"{name} is missing"
    return f"{name} is wrong: {words}"

"""Reads a folder of mapping files; the only part of the mapping that touches the disk."""

from pathlib import Path

from anji_common.errors import ConfigurationError
from anji_mapper.mapping.check import check
from anji_mapper.mapping.compile import Settings, compile_mappings
from anji_mapper.mapping.entry_points import installed_conversions
from anji_mapper.mapping.model import Mappings

__all__ = ["find_folder", "load_mappings", "read_folder"]


def find_folder(given: Path | None = None) -> Path:
    """Return `given` (the setting ``ANJI_MAPPINGS_DIR``), else the shipped ``mappings/``.

    The shipped folder is found above this file in a checkout, and under the working folder in a
    container.

    Raises:
        ConfigurationError: there is no such folder.
    """
    places = [given] if given is not None else [*_above(), Path.cwd() / "mappings"]
    for place in places:
        if place.is_dir():
            return place
    at = "" if given is None else f" at {given}"
    msg = f"no folder of mappings{at}: set ANJI_MAPPINGS_DIR"
    raise ConfigurationError(msg)


def read_folder(folder: Path) -> dict[str, str]:
    """Return the text of every mapping file, by the name that errors show.

    Raises:
        ConfigurationError: there are none, or one cannot be read.
    """
    texts = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            texts[f"{folder.name}/{path.name}"] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{path}: {error}"
            raise ConfigurationError(msg) from error
    if not texts:
        msg = f"no *.yaml in {folder}: set ANJI_MAPPINGS_DIR"
        raise ConfigurationError(msg)
    return texts


def load_mappings(folder: Path | None = None, settings: Settings | None = None) -> Mappings:
    """Return the compiled mappings of a folder, the shipped one by default.

    Raises:
        ConfigurationError: no folder, or one line for each thing that is wrong in it.
    """
    texts = read_folder(find_folder(folder))
    mappings = compile_mappings(texts, settings, installed_conversions())
    if findings := check(mappings):
        raise ConfigurationError("\n".join(str(each) for each in findings))
    return mappings


def _above() -> list[Path]:
    return [parent / "mappings" for parent in Path(__file__).resolve().parents[2:]]

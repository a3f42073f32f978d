"""Lenses over several fields: a value that depends on the fields beside it.

A field of the file becomes one pair for each field that is looked at, so that a change of any of
them is seen. The law is that of `lenses`; `PartOfText` keeps it, `Computed` and `Chosen` run one
way only.
"""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from anji_common.errors import ConfigurationError, MappingError
from anji_common.refs import System
from anji_mapper.mapping.model import Around, Condition, Row
from anji_mapper.mapping.refusals import one_way

__all__ = ["Chosen", "Computed", "PartOfText"]

_MARK = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class PartOfText:
    """One field of several on the one side, which stand in one text of the other.

    Tolerance: blanks around the parts, and separators after the last of them. Parts that would
    come back otherwise, as one that holds the separator, are refused.
    """

    whole: System
    """The side with the text."""
    separator: str
    parts: tuple[str, ...]
    """Paths of the other side, in the order of the text; the last one takes the rest."""
    place: int
    """Which of `parts` this is."""

    def __post_init__(self) -> None:
        if not self.separator:
            msg = "without a separator the parts could not be told apart"
            raise ConfigurationError(msg)
        if len(set(self.parts)) != len(self.parts) or len(self.parts) == 1:
            msg = f"a text has two parts or more, each once: {', '.join(self.parts)}"
            raise ConfigurationError(msg)

    def crm_to_erp(self, value: JsonValue, around: Around) -> JsonValue:
        return self._part(value) if self.whole is System.FXIAOKE else self._text(around)

    def erp_to_crm(self, value: JsonValue, around: Around) -> JsonValue:
        return self._text(around) if self.whole is System.FXIAOKE else self._part(value)

    def _part(self, value: JsonValue) -> JsonValue:
        if value is None:
            return None
        parts = self._split(str(value))
        self._joined(parts)
        return parts[self.place]

    def _text(self, around: Around) -> JsonValue:
        values = [_beside(path, around) for path in self.parts]
        return self._joined(
            [None if value is None else str(value).strip() or None for value in values]
        )

    def _joined(self, parts: list[str | None]) -> str | None:
        """Return the text of these parts, which splits into the same parts again."""
        last = max((place for place, part in enumerate(parts) if part), default=-1)
        text = self.separator.join(part or "" for part in parts[: last + 1])
        if self._split(text) != parts:
            msg = f"{text!r} would not be split into the same parts again at {self.separator!r}"
            raise MappingError(msg)
        return text or None

    def _split(self, text: str) -> list[str | None]:
        found = text.strip().split(self.separator, len(self.parts) - 1)
        parts = [part.strip() or None for part in found]
        return parts + [None] * (len(self.parts) - len(parts))


@dataclass(frozen=True, slots=True)
class Computed:
    """One way: a text made of fields of the other side, ``{path}`` in their places."""

    template: str
    to: System

    def __post_init__(self) -> None:
        if not self.paths or re.search(r"[{}]", _MARK.sub("", self.template)):
            msg = f"{self.template!r} names no field of the other side as {{path}}: use constant"
            raise ConfigurationError(msg)

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields that it is made of, each once, in their order."""
        return tuple(dict.fromkeys(path.strip() for path in _MARK.findall(self.template)))

    def crm_to_erp(self, _value: JsonValue, around: Around) -> JsonValue:
        return self._made(System.K3CLOUD, around)

    def erp_to_crm(self, _value: JsonValue, around: Around) -> JsonValue:
        return self._made(System.FXIAOKE, around)

    def _made(self, system: System, around: Around) -> JsonValue:
        if system is not self.to:
            raise one_way(self.to)
        values = {path: _beside(path, around) for path in self.paths}
        if all(value is None for value in values.values()):
            return None
        return _MARK.sub(lambda mark: _spelled(values[mark[1].strip()]), self.template).strip()


@dataclass(frozen=True, slots=True)
class Chosen:
    """One way: the constant of the first condition that holds of the other side's record."""

    cases: tuple[tuple[Condition, str], ...]
    otherwise: str | None
    """Where none holds; `None` leaves it empty."""
    paths: tuple[str, ...]
    """The fields that the conditions ask about."""
    to: System

    def crm_to_erp(self, _value: JsonValue, around: Around) -> JsonValue:
        return self._said(System.K3CLOUD, around)

    def erp_to_crm(self, _value: JsonValue, around: Around) -> JsonValue:
        return self._said(System.FXIAOKE, around)

    def _said(self, system: System, around: Around) -> JsonValue:
        if system is not self.to:
            raise one_way(self.to)
        asked = {path: _beside(path, around) for path in self.paths}
        found = (value for condition, value in self.cases if condition.holds(asked))
        return next(found, self.otherwise)


def _beside(path: str, around: Around) -> JsonValue:
    """Return another field of the same head, or of the same line."""
    values: Row = around.row or around.head
    if path not in values:
        msg = f"{path} is new in the mapping and was not read yet; it is with the next change"
        raise MappingError(msg)
    return values[path]


def _spelled(value: JsonValue) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)

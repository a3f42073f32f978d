"""Reads the text of one mapping file: plain values, and where each of them stands.

``${name}`` in keys and values is replaced by the setting of that name, so that one company's
names and numbers need no other file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from anji_common.interest import FieldKind
from anji_common.refs import System
from anji_mapper.mapping.findings import Finding, near, nearest

__all__ = ["Loc", "NamedField", "Page", "read_page"]

Loc = tuple[str | int, ...]
"""The way to a value: ``("fields", 0, "crm")``."""

_SETTING = re.compile(r"\$\{([^}]*)\}")
_LIKE_SETTINGS = ("states", "lines", "link", "fields", "messages")
"""Other keys of a file that a misspelt one could be as well."""


@dataclass(frozen=True, slots=True)
class NamedField:
    """A field, at a place where a file names it."""

    system: System
    lines: str | None
    """The lines path that it is in; `None` for the head."""
    path: str
    loc: Loc
    kind: FieldKind | None
    """What its values are there; `None` where nothing is said."""


@dataclass(slots=True)
class Page:
    """One file, read."""

    file: str
    data: dict[str, JsonValue] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    """As they hold for this file: its defaults and what was set over them."""
    findings: list[Finding] = field(default_factory=list)
    named: list[NamedField] = field(default_factory=list)
    """Every field that is named, outside of packets; filled when its link type is built."""
    missing: set[str] = field(default_factory=set)
    """Settings that were asked for and are not there."""
    filled: dict[Loc, str] = field(default_factory=dict)
    """Where a value comes of a setting, and of which."""
    _keys: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    _values: dict[Loc, tuple[int, int]] = field(default_factory=dict)

    def stands(self, loc: Loc, at: tuple[int, int], key_at: tuple[int, int] | None = None) -> None:
        """Remember where a value and its key stand: line and column, both from 0."""
        self._values[loc] = at
        if key_at is not None:
            self._keys[loc] = key_at

    def line(self, loc: Loc) -> int:
        """Return in which line (from 1) the key at `loc` stands, or the nearest above it."""
        return self._place(loc, at_key=True)[0] + 1

    def renamed(self, loc: Loc, key: str) -> None:
        """Know that what stands at `loc` is looked for under another key from now on."""
        end = len(loc)
        for places in (self._keys, self._values):
            under = [(each, at) for each, at in places.items() if each[:end] == loc]
            places.update({(*loc[:-1], key, *each[end:]): at for each, at in under})

    def is_told(self, loc: Loc) -> bool:
        """Whether something is wrong with the very value at `loc` already."""
        line, column = self._place(loc, at_key=False)
        at = (line + 1, column + 1)
        return any((each.line, each.column) == at for each in self.findings)

    def find(self, loc: Loc, words: str, *, at_key: bool = False) -> None:
        """Note what is wrong with the value (or its key) at `loc`, or the nearest above it."""
        line, column = self._place(loc, at_key=at_key)
        setting = self.filled.get(loc) or self.filled.get((*loc, "path"))
        words = words if setting is None or at_key else f"{words} (the setting {setting!r})"
        self.findings.append(Finding(self.file, line + 1, column + 1, words))

    def _place(self, loc: Loc, *, at_key: bool) -> tuple[int, int]:
        if at_key and loc in self._keys:
            return self._keys[loc]
        while loc and loc not in self._values:
            loc = loc[:-1]
        return self._values.get(loc, (0, 0))


def read_page(file: str, text: str, settings: Mapping[str, str]) -> Page:
    """Return the file's values with `settings` filled in; what is wrong is in its findings."""
    page = Page(file)
    try:
        tree = _tree_of(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        words = f"not YAML: {error.problem or error.context}".splitlines()[0]
        page.findings.append(Finding(file, line + 1, column + 1, words))
        return page
    except YAMLError as error:
        page.findings.append(Finding(file, 1, 1, f"not YAML: {error}"))
        return page
    if not isinstance(tree, CommentedMap):
        page.findings.append(Finding(file, 1, 1, "a mapping file is a table of keys"))
        return page
    page.settings = _settings(page, tree, settings)
    data = _Plain(page).value((), tree)
    _find_unused(page, tree)
    page.data = data if isinstance(data, dict) else {}
    return page


@lru_cache(maxsize=64)
def _tree_of(text: str) -> object:
    """Parse YAML once, though a page is read with and without its settings; nobody changes it."""
    tree: object = YAML(typ="rt", pure=True).load(text)
    return tree


def _settings(page: Page, tree: CommentedMap, given: Mapping[str, str]) -> dict[str, str]:
    key = _key_of_settings(tree)
    declared = tree.get(key) or {}
    if not isinstance(declared, CommentedMap):
        return dict(given)  # the schema tells what is wrong with it
    found = {str(name): str(default) for name, default in declared.items()}
    line, column = tree.lc.key(key) if key in tree else (0, 0)
    for name in sorted(set(given) - set(found)):
        words = f"there is no setting {name!r} here{near(name, found)}"
        page.findings.append(Finding(page.file, line + 1, column + 1, words))
    return {**found, **{name: str(value) for name, value in given.items() if name in found}}


def _find_unused(page: Page, tree: CommentedMap) -> None:
    """Where a setting was asked for that is not there, tell of one that nobody asks for."""
    declared = tree.get(_key_of_settings(tree))
    if not page.missing or not isinstance(declared, CommentedMap):
        return
    for name in sorted(set(map(str, declared)) - set(page.filled.values())):
        if meant := nearest(name, page.missing):
            line, column = declared.lc.key(name)
            words = f"the setting {name!r} is used nowhere; did you mean {meant!r}?"
            page.findings.append(Finding(page.file, line + 1, column + 1, words))


def _key_of_settings(tree: CommentedMap) -> str:
    """Return under which key the settings stand: a misspelt one is told once, not at each use."""
    given = [str(key) for key in tree if "settings" not in tree and str(key) not in _LIKE_SETTINGS]
    words = ["settings", *_LIKE_SETTINGS]
    return next((key for key in given if nearest(key, words) == "settings"), "settings")


@dataclass(frozen=True, slots=True)
class _Plain:
    page: Page

    def value(self, loc: Loc, node: Any) -> JsonValue:  # noqa: ANN401 - a node of the YAML tree
        match node:
            case CommentedMap():
                found: JsonValue = self._mapping(loc, node)
            case CommentedSeq():
                found = [self._item(loc, node, place) for place in range(len(node))]
            case str():
                found = self._filled(loc, str(node))
            case None | bool():
                found = node
            case int():
                found = int(node)
            case float():
                found = float(node)
            case _:
                found = str(node)
        return found

    def _mapping(self, loc: Loc, node: CommentedMap) -> dict[str, JsonValue]:
        plain: dict[str, JsonValue] = {}
        for key in node:
            key_at, at = _standing(node, key)
            spelled = str(key).lower() if isinstance(key, bool) else str(key)
            under = (*loc, spelled)
            if "${" in spelled:
                self.page.stands(under, key_at)
                spelled = self._filled(under, spelled)
                under = (*loc, spelled)
            self.page.stands(under, at, key_at)
            plain[spelled] = self.value(under, node[key])
        return plain

    def _item(self, loc: Loc, node: CommentedSeq, place: int) -> JsonValue:
        under = (*loc, place)
        self.page.stands(under, node.lc.item(place))
        return self.value(under, node[place])

    def _filled(self, loc: Loc, text: str) -> str:
        def setting(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name not in self.page.settings:
                words = f"there is no setting {name!r}{near(name, self.page.settings)}"
                self.page.find(loc, words)
                self.page.missing.add(name)
            else:
                self.page.filled[loc] = name
            return self.page.settings.get(name, "")

        return _SETTING.sub(setting, text) if "${" in text else text


def _standing(node: CommentedMap, key: object) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where a key and its value stand; of a merged one (``<<``), where its table does."""
    if key in node.lc.data:
        return node.lc.key(key), node.lc.value(key)
    at = (node.lc.line, node.lc.col)
    return at, at

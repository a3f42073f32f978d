"""Typing mistakes in mapping files: words misspelt where they stand."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from anji_mapper.mapping.mending import known_keys

__all__ = ["Word", "keys_by_kind", "misspelt", "typo", "words_by_kind", "words_in"]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a file."""

    path: tuple[str | int, ...]
    line: int
    """From 0, as `column`."""
    column: int
    text: str
    is_key: bool


def words_in(text: str) -> list[Word]:
    """Return every key and every text value of a file that stands there in one piece."""
    lines = text.splitlines()
    found = []
    for word in _walk(YAML().load(text), ()):
        row, column = lines[word.line], word.column
        column += row[column : column + 1] in {'"', "'"}
        if word.text and row.startswith(word.text, column):
            found.append(Word(word.path, word.line, column, word.text, word.is_key))
    return found


def _word(path: tuple[str | int, ...], at: tuple[int, int], text: str, *, is_key: bool) -> Word:
    return Word(path, *at, text, is_key)


def _walk(node: Any, path: tuple[str | int, ...]) -> Iterator[Word]:  # noqa: ANN401 - a node of the YAML tree
    if isinstance(node, CommentedMap):
        for key, value in node.items():
            yield _word((*path, str(key)), node.lc.key(key), str(key), is_key=True)
            if isinstance(value, str):
                yield _word((*path, str(key)), node.lc.value(key), value, is_key=False)
            yield from _walk(value, (*path, str(key)))
    elif isinstance(node, CommentedSeq):
        for place, value in enumerate(node):
            if isinstance(value, str):
                yield _word((*path, place), node.lc.item(place), value, is_key=False)
            yield from _walk(value, (*path, place))


def typo(word: str) -> str:
    """Return a word as somebody mistypes it: one letter twice."""
    middle = len(word) // 2
    return f"{word[:middle]}{word[middle - 1]}{word[middle:]}"


def misspelt(text: str, words: list[Word]) -> str:
    """Return the text with each of `words` mistyped where it stands."""
    lines = text.splitlines(keepends=True)
    for word in sorted(words, key=lambda each: (each.line, -each.column)):
        row, end = lines[word.line], word.column + len(word.text)
        lines[word.line] = f"{row[: word.column]}{typo(word.text)}{row[end:]}"
    return "".join(lines)


def words_by_kind(text: str) -> Mapping[tuple[str, ...], list[Word]]:
    """Return the words of a file, those of the same place together.

    ``fields[0].crm`` and ``fields[7].crm`` are of the same place.
    """
    found: dict[tuple[str, ...], list[Word]] = defaultdict(list)
    for word in words_in(text):
        kind = tuple(each if isinstance(each, str) else "#" for each in word.path)
        found[(*kind, "key" if word.is_key else "value")].append(word)
    return found


def keys_by_kind(text: str, form: type[BaseModel]) -> Mapping[tuple[str, ...], list[Word]]:
    """Return the keys that the language knows in a file, those of the same place together."""
    return {
        kind: words
        for kind, words in words_by_kind(text).items()
        if words[0].is_key and words[0].text in known_keys(words[0].path[:-1], form)
    }

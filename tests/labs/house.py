"""The repository as a text: what the house rules are checked on."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "Source", "markdown_files", "members", "sources"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Its path below the root, with slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def is_test(self) -> bool:
        """Whether it stands in the tests' tree."""
        return self.name.startswith("tests/")

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return _tree(self.path)

    @property
    def comments(self) -> Iterator[tuple[int, str]]:
        """Each comment with its line number."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def sources() -> tuple[Source, ...]:
    """Return every Python file of ours, sorted by path."""
    found = (
        path for top in ("libs", "services", "tests", "tools") for path in _python(ROOT / top)
    )
    return tuple(Source(path, path.read_text()) for path in sorted(found))


def _python(top: Path) -> Iterator[Path]:
    return (path for path in top.rglob("*.py") if "__pycache__" not in path.parts)


@cache
def members() -> tuple[Path, ...]:
    """Return the package folder of every member: ``libs/common/src/anji_common``."""
    return tuple(sorted(path.parent for path in ROOT.glob("*/*/src/*/__init__.py")))


@cache
def markdown_files() -> tuple[Path, ...]:
    """Return every page for people, sorted by path."""
    return tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]))

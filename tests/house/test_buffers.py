"""House rule: what grows in a process that runs for months has a bound, and a page tells it."""

import ast
import re
from collections.abc import Iterator

from labs.house import ROOT, Source, sources

_PAGE = (ROOT / "docs" / "reliability.md").read_text()
_TABLE = _PAGE.partition("## What a process holds in memory")[2].partition("\n## ")[0]
_GROWS = {
    "Counter", "LifoQueue", "PriorityQueue", "Queue", "WeakKeyDictionary", "WeakSet",
    "WeakValueDictionary", "defaultdict", "deque", "dict", "list", "set",
}  # fmt: skip
_SHORT_LIVED = (
    "anji_common/testing/", "anji_mapper/link/", "anji_mapper/mapping/", "/anji/",
    "anji_mapper/matching.py", "anji_mapper/pairing.py", "anji_mapper/reconcile.py",
    "anji_mapper/refolding.py", "anji_mapper/replay.py", "anji_mapper/tallying.py",
)  # fmt: skip
"""One step of a link, the files that are read at the start, and commands, which end."""


def _live() -> Iterator[Source]:
    for source in sources():
        is_ours = source.name.startswith(("libs/common/", "services/"))
        if is_ours and not any(part in source.name for part in _SHORT_LIVED):
            yield source


def _called(value: ast.expr) -> str:
    function = value.func if isinstance(value, ast.Call) else value
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _grows(value: ast.expr | None) -> bool:
    """Whether it is an empty container, to be filled."""
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List):
        return not value.elts
    if not isinstance(value, ast.Call):
        return False
    factories = [word.value for word in value.keywords if word.arg == "default_factory"]
    return _called(value) in _GROWS or any(_called(each) in _GROWS for each in factories)


def _attributes(node: ast.ClassDef) -> Iterator[str]:
    """Give what its instances fill while they live; what is frozen is filled once."""
    decorators = [ast.unparse(each) for each in node.decorator_list]
    is_filled = any("dataclass" in each and "frozen=True" not in each for each in decorators)
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            for each in ast.walk(part):
                if isinstance(each, ast.Assign | ast.AnnAssign) and _grows(each.value):
                    target = each.targets[0] if isinstance(each, ast.Assign) else each.target
                    if isinstance(target, ast.Attribute):
                        yield target.attr
        elif is_filled and isinstance(part, ast.AnnAssign) and _grows(part.value):
            yield ast.unparse(part.target)


def test_the_page_tells_what_bounds_each_thing_that_grows() -> None:
    found = {
        f"{node.name}.{attribute}"
        for source in _live()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        for attribute in _attributes(node)
    }
    rows = re.findall(r"^\| (`.*?) \|", _TABLE, re.MULTILINE)
    told = set(re.findall(r"`(\w+\.\w+)`", "\n".join(rows)))

    assert found - told == set(), "say what bounds it in docs/reliability.md"
    assert told - found == set(), "it is not there any more"


def test_no_cache_of_a_process_is_without_a_bound() -> None:
    """Those by type are: there are as many as types."""
    unbounded = [
        f"{source.name}: {node.name}"
        for source in _live()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef)
        and any(
            ast.unparse(each) in {"cache", "functools.cache", "lru_cache(maxsize=None)"}
            for each in node.decorator_list
        )
        and not all(
            ast.unparse(each.annotation or each).startswith("type[") for each in node.args.args
        )
    ]

    assert unbounded == []

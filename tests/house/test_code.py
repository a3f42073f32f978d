"""House rules on the code that no tool checks: ruff, mypy and lint-imports do the rest."""

import ast
import re
import statistics
from collections import Counter
from collections.abc import Iterator

import pytest

import anji_common.errors
from labs.house import ROOT, Source, members, sources

_WAIVER = re.compile(r"#\s*(noqa|type:\s*ignore)")
_GOOD_NOQA = re.compile(r"#\s*noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* - \S")
_GOOD_IGNORE = re.compile(r"#\s*type: ignore\[[a-z-]+(, ?[a-z-]+)*\]\s+#\s*\S")
_LEFT_OPEN = re.compile("T[O]DO|F[I]XME|X[X]X")
_ONE_SIDED = {
    "asking", "attaching", "callback", "calls", "catalogue", "crypto", "judging", "keeping",
    "kinding", "leasing", "messages", "metering", "packets", "pairing", "pieces", "pushing",
    "refusing", "removing", "saving", "sessions", "site", "snapshot", "stages", "stepping",
    "tally", "times", "writes",
}  # fmt: skip
"""Modules that only one connector needs (style.md §3 marks them)."""


def _functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _public(name: str) -> bool:
    return not name.startswith("_")


def test_no_file_has_more_than_400_lines() -> None:
    long = [s.name for s in sources() if s.text.count("\n") > 400]

    assert long == []


def test_the_median_module_has_at_most_120_lines() -> None:
    lines = [s.text.count("\n") for s in sources() if not s.is_test and s.path.stem != "__init__"]

    assert statistics.median(lines) <= 120


def test_functions_are_short() -> None:
    lengths = sorted(
        (f.end_lineno or 0) - f.lineno + 1
        for s in sources()
        if not s.is_test
        for f in _functions(s)
    )

    assert statistics.median(lengths) <= 12
    assert lengths[int(len(lengths) * 0.9)] <= 35


def test_no_function_has_more_than_60_lines() -> None:
    long = [
        f"{s.name}: {f.name}"
        for s in sources()
        for f in _functions(s)
        if (f.end_lineno or 0) - f.lineno + 1 > 60
    ]

    assert long == []


def test_tests_use_no_mocks() -> None:
    banned = {"mock", "MagicMock", "AsyncMock", "Mock"}
    found = [
        f"{s.name}:{node.lineno}"
        for s in sources()
        if s.is_test
        for node in ast.walk(s.tree)
        if (isinstance(node, ast.Name) and node.id in banned)
        or (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) == ("monkeypatch", "setattr")
        )
    ]

    assert found == []


def test_nothing_is_left_open_in_the_code() -> None:
    found = [s.name for s in sources() if _LEFT_OPEN.search(s.text)]

    assert found == []


def test_a_member_catches_everything_in_one_place_at_most() -> None:
    found = Counter(
        "/".join(s.name.split("/")[:2])
        for s in sources()
        if not s.is_test
        for node in ast.walk(s.tree)
        if isinstance(node, ast.ExceptHandler) and _keeps_everything(node)
    )

    assert {member: count for member, count in found.items() if count > 1} == {}
    assert found.total() <= 2, found


def _keeps_everything(handler: ast.ExceptHandler) -> bool:
    """What cleans up and raises again keeps nothing."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id == "Exception") for kind in kinds
    )


def test_every_waiver_has_a_code_and_a_reason() -> None:
    bare = [
        f"{s.name}:{line}: {comment}"
        for s in sources()
        for line, comment in s.comments
        if _WAIVER.search(comment)
        and not (_GOOD_NOQA.search(comment) or _GOOD_IGNORE.search(comment))
    ]

    assert bare == []


def test_every_module_names_what_is_public() -> None:
    wrong = []
    for source in sources():
        if source.is_test and source.path.parent.name != "labs":
            continue
        defined = set(_defined(source.tree))
        listed = _listed(source.tree)
        if defined and listed is None:
            wrong.append(f"{source.name} has no __all__")
        elif missing := defined - set(listed or ()):
            wrong.append(f"{source.name} does not list {sorted(missing)}")

    assert wrong == []


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if _public(node.name):
                yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not _is_type_variable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and _public(target.id):
                    yield target.id


def _is_type_variable(value: ast.expr | None) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in {"TypeVar", "ParamSpec"}
    )


def _listed(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            return list(ast.literal_eval(node.value))
    return None


def test_the_drawing_of_the_error_tree_is_the_tree() -> None:
    drawn = {
        name: depth
        for prefix, name in re.findall(
            r"^    ([│├└─ ]*)(\w+Error)\b", anji_common.errors.__doc__ or "", re.MULTILINE
        )
        for depth in [len(prefix) // 4]
    }
    classes = {
        name: getattr(anji_common.errors, name).__mro__.index(anji_common.errors.AnjiError)
        for name in anji_common.errors.__all__
    }

    assert drawn == classes


@pytest.mark.parametrize(
    "client", [m / "client.py" for m in members() if (m / "client.py").exists()]
)
def test_every_vendor_call_names_its_source(client: object) -> None:
    source = next(s for s in sources() if s.path == client)
    calls = [
        method
        for node in source.tree.body
        if isinstance(node, ast.ClassDef) and _public(node.name)
        for method in node.body
        if isinstance(method, ast.AsyncFunctionDef)
        and _public(method.name)
        and method.name != "close"
    ]
    unsourced = [call.name for call in calls if "Source:" not in (ast.get_docstring(call) or "")]

    assert unsourced == []


def test_the_two_connectors_have_the_same_modules() -> None:
    fxiaoke, k3cloud = (
        {path.stem for path in (ROOT / "services").glob(f"*/src/{package}/*.py")} - _ONE_SIDED
        for package in ("anji_fxiaoke", "anji_k3cloud")
    )

    assert fxiaoke == k3cloud

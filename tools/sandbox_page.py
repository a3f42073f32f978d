"""The tables of the sandbox CRM in ``docs/vendors/fxiaoke.md``: its switches, limits and codes.

Only what stands between the two marks is made from the code; the rest of the page is written by
hand and read from the file.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

from anji_sandbox import switches
from anji_sandbox.switchboard import told
from anji_sandbox.switches import BusinessCodes, FxiaokeLimits, FxiaokeSwitches

__all__ = ["sandbox_page"]

_BEGIN = "<!-- Switches: made from the code by `make docs`. -->"
_END = "<!-- End of the switches. -->"
_TABLES = (
    ("Switches", FxiaokeSwitches()),
    ("Limits (`/_limits`)", FxiaokeLimits()),
    ("Codes of business refusals (`codes` of the switches)", BusinessCodes()),
)


def sandbox_page(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text of the page."""
    path = root / "docs" / "vendors" / "fxiaoke.md"
    before, _, rest = path.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    tables = "\n".join(_table(title, values) for title, values in _TABLES)
    yield path, f"{before}{_BEGIN}\n\n{tables}\n{_END}{after}"


def _table(title: str, values: FxiaokeSwitches | FxiaokeLimits | BusinessCodes) -> str:
    words = _words()[type(values).__name__]
    rows = "\n".join(
        f"| `{name}` | {_default(value)} | {words.get(name, '')} |"
        for name, value in told(values).items()
        if name != "codes"
    )
    return f"#### {title}\n\n| name | default | meaning |\n|---|---|---|\n{rows}\n"


def _default(value: object) -> str:
    return "none" if value is None or value in ([], {}) else f"`{value}`"


def _words() -> Mapping[str, Mapping[str, str]]:
    """Return by class what is written under each of its fields."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(switches)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        own = found.setdefault(node.name, {})
        for place, each in enumerate(node.body[:-1]):
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                own[each.target.id] = _text(node.body[place + 1])
        last = node.body[-1]
        if isinstance(last, ast.AnnAssign) and isinstance(last.target, ast.Name):
            own[last.target.id] = ""
    return found


def _text(node: ast.stmt) -> str:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return ""
    return " ".join(str(node.value.value).split()).replace("``", "`").replace("|", "\\|")

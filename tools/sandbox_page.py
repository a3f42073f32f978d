"""The tables of both sandboxes in ``docs/vendors``: what each can be switched to.

Only what stands between the two marks is made from the code; the rest of the page is written by
hand and read from the file.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from anji_sandbox import switches
from anji_sandbox.k3cloud import switches as erp_switches
from anji_sandbox.k3cloud.switches import K3CloudSwitches
from anji_sandbox.switchboard import told
from anji_sandbox.switches import BusinessCodes, FxiaokeLimits, FxiaokeSwitches

__all__ = ["sandbox_page"]

_BEGIN = "<!-- Switches: made from the code by `make docs`. -->"
_END = "<!-- End of the switches. -->"
_Values = FxiaokeSwitches | FxiaokeLimits | BusinessCodes | K3CloudSwitches
_CRM: tuple[tuple[str, _Values], ...] = (
    ("Switches", FxiaokeSwitches()),
    ("Limits (`/_limits`)", FxiaokeLimits()),
    ("Codes of business refusals (`codes` of the switches)", BusinessCodes()),
)
_ERP: tuple[tuple[str, _Values], ...] = (("Switches", K3CloudSwitches()),)


def sandbox_page(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield path and text of both pages."""
    for name, module, own in (("fxiaoke", switches, _CRM), ("k3cloud", erp_switches, _ERP)):
        path = root / "docs" / "vendors" / f"{name}.md"
        before, _, rest = path.read_text().partition(_BEGIN)
        _, _, after = rest.partition(_END)
        words = _words(module)
        tables = "\n".join(
            _table(title, values, words[type(values).__name__]) for title, values in own
        )
        yield path, f"{before}{_BEGIN}\n\n{tables}\n{_END}{after}"


def _table(title: str, values: _Values, words: Mapping[str, str]) -> str:
    rows = "\n".join(
        f"| `{name}` | {_default(value)} | {words.get(name, '')} |"
        for name, value in told(values).items()
        if name != "codes"
    )
    return f"#### {title}\n\n| name | default | meaning |\n|---|---|---|\n{rows}\n"


def _default(value: object) -> str:
    return "none" if value is None or value in ([], {}, ()) else f"`{value}`"


def _words(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    """Return by class what is written under each of its fields."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
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

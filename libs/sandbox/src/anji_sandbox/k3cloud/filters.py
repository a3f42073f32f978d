"""The filter language: a text becomes a tree, once per text.

Operators, escapes and date literals as in reference "k3cloud-webapi.md", section 3.5. Nothing is
known here about forms; `predicates` gives the names their meaning.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = [
    "And",
    "Between",
    "Comparison",
    "FilterError",
    "In",
    "IsNull",
    "Like",
    "Literal",
    "Name",
    "Node",
    "Not",
    "Operand",
    "Or",
    "parse_filter",
]


class FilterError(Exception):
    """The text is no filter."""


@dataclass(frozen=True, slots=True)
class Name:
    """A field, perhaps with dots."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number or date as it was written, without its quotes."""

    text: str


Operand = Name | Literal


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of ``= <> > >= < <=``."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class In:
    """A name among literals."""

    left: Operand
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A name between two literals, both included."""

    left: Operand
    low: Literal
    high: Literal


@dataclass(frozen=True, slots=True)
class Like:
    """A name like a pattern with ``%`` and ``_``."""

    left: Operand
    pattern: Literal


@dataclass(frozen=True, slots=True)
class IsNull:
    """A name without a value."""

    left: Operand


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    nodes: tuple["Node", ...]


Node = Comparison | In | Between | Like | IsNull | Not | And | Or

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<date>\{\s*(?:ts|d)\s*'(?P<moment>[^']*)'\s*\})
      | N?'(?P<text>(?:[^']|'')*)'
      | (?P<number>-?\d+(?:\.\d+)?)(?![\w.])
      | (?P<name>[A-Za-z_]\w*(?:\.\w+)*)
      | (?P<sign><>|!=|>=|<=|=|>|<|\(|\)|,)
    )""",
    re.VERBOSE,
)
_SIGNS = {"=", "<>", "!=", ">", ">=", "<", "<="}

_Token = tuple[str, str]


@lru_cache(maxsize=2048)
def parse_filter(text: str) -> Node | None:
    """Return the tree of a filter text, `None` for an empty one.

    Raises:
        FilterError: it is broken.
    """
    tokens = _tokens(text)
    if not tokens:
        return None
    parser = _Parser(tokens)
    node = parser.any_of()
    if parser.at < len(tokens):
        msg = f"'{tokens[parser.at][1]}' 附近有语法错误"
        raise FilterError(msg)
    return node


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            msg = f"'{text[at : at + 20].strip()}' 附近有语法错误"
            raise FilterError(msg)
        at = match.end()
        if match["date"] is not None:
            found.append(("literal", match["moment"]))
        elif match["text"] is not None:
            found.append(("literal", match["text"].replace("''", "'")))
        elif match["number"] is not None:
            found.append(("literal", match["number"]))
        elif match["name"] is not None:
            found.append(("name", match["name"]))
        else:
            found.append(("sign", match["sign"]))
    return found


class _Parser:
    """Recursive descent: or, and, not, condition."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self.at = 0

    def any_of(self) -> Node:
        nodes = [self._all_of()]
        while self._word("or"):
            nodes.append(self._all_of())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _all_of(self) -> Node:
        nodes = [self._one()]
        while self._word("and"):
            nodes.append(self._one())
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _one(self) -> Node:
        if self._word("not"):
            return Not(self._one())
        if self._sign("("):
            node = self.any_of()
            self._demand(")")
            return node
        return self._condition()

    def _condition(self) -> Node:
        left = self._operand()
        if self._word("is"):
            negated = self._word("not")
            if not self._word("null"):
                raise self._broken()
            return Not(IsNull(left)) if negated else IsNull(left)
        negated = self._word("not")
        node = self._ranged(left)
        if node is not None:
            return Not(node) if negated else node
        kind, text = self._peek()
        if negated or kind != "sign" or text not in _SIGNS:
            raise self._broken()
        self.at += 1
        return Comparison(left, "<>" if text == "!=" else text, self._operand())

    def _ranged(self, left: Operand) -> Node | None:
        if self._word("in"):
            self._demand("(")
            values = [self._literal()]
            while self._sign(","):
                values.append(self._literal())
            self._demand(")")
            return In(left, tuple(values))
        if self._word("like"):
            return Like(left, self._literal())
        if self._word("between"):
            low = self._literal()
            if not self._word("and"):
                raise self._broken()
            return Between(left, low, self._literal())
        return None

    def _operand(self) -> Operand:
        kind, text = self._peek()
        if kind == "name" and text.lower() not in _WORDS:
            self.at += 1
            return Name(text)
        return self._literal()

    def _literal(self) -> Literal:
        kind, text = self._peek()
        if kind != "literal":
            raise self._broken()
        self.at += 1
        return Literal(text)

    def _peek(self) -> _Token:
        return self._tokens[self.at] if self.at < len(self._tokens) else ("end", "")

    def _word(self, word: str) -> bool:
        kind, text = self._peek()
        found = kind == "name" and text.lower() == word
        self.at += found
        return found

    def _sign(self, sign: str) -> bool:
        found = self._peek() == ("sign", sign)
        self.at += found
        return found

    def _demand(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._broken()

    def _broken(self) -> FilterError:
        return FilterError(f"'{self._peek()[1]}' 附近有语法错误")


_WORDS = frozenset(("and", "or", "not", "in", "like", "between", "is", "null"))

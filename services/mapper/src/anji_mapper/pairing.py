"""Which existing records of both sides are the same thing: exact keys first, then names. Pure.

Certain is what one key tells alone: a mark, a number or a natural key that just one record of each
side has; or name *and* tax number, both normalised. All else is a guess, shown to people.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Card", "Match", "Standing", "normalised", "pair_up"]

_Key = tuple[str, ...]
"""What the key is made of, then its values."""
_NO_LETTER = re.compile(r"[\W_]+")


class Standing(StrEnum):
    """How sure a pair is."""

    CERTAIN = "certain"
    DOUBTFUL = "doubtful"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Card:
    """What tells one record from others."""

    ref: str
    number: str | None = None
    name: str | None = None
    tax: str | None = None
    keys: tuple[_Key, ...] = ()
    """Exact keys, the strongest first."""
    soft: tuple[_Key, ...] = field(init=False)
    """By name and tax number, normalised once: the two together, then each alone."""

    def __post_init__(self) -> None:
        """Normalise."""
        object.__setattr__(self, "soft", tuple(_soft_keys(self.name, self.tax)))


@dataclass(frozen=True, slots=True)
class Match:
    """A pair, or a record without one, and why."""

    standing: Standing
    reason: str
    crm: Card | None
    erp: Card | None


@dataclass(slots=True)
class _Table:
    """Records that are not paired yet, by key."""

    by_key: dict[_Key, Card | list[Card]] = field(default_factory=dict)
    """Most keys have one card: a list for each would weigh as much as all else."""

    @classmethod
    def of(cls, cards: Iterable[Card]) -> "_Table":
        table = cls().by_key
        for card in cards:
            for key in {*card.keys, *card.soft}:
                known = table.setdefault(key, card)
                if isinstance(known, list):
                    known.append(card)
                elif known is not card:
                    table[key] = [known, card]
        return cls(table)

    def free(self, key: _Key, taken: set[str]) -> list[Card]:
        found = self.by_key.get(key, ())
        cards = (found,) if isinstance(found, Card) else found
        return [card for card in cards if card.ref not in taken]


def normalised(text: str | None) -> str:
    """Return a text without width, case, blanks and signs: 杭州（安济） is 杭州(安济)."""
    if text is None:
        return ""
    return _NO_LETTER.sub("", unicodedata.normalize("NFKC", text).casefold())


def pair_up(crm: Sequence[Card], erp: Sequence[Card]) -> Iterator[Match]:
    """Yield every pair and every record that is left, certain ones first.

    Args:
        crm: Records of the CRM that are not linked.
        erp: Records of the ERP that are not linked.
    """
    ours, theirs = _Table.of(crm), _Table.of(erp)
    taken: set[str] = set()
    depth = max((len(card.keys) for card in crm), default=0)
    passes = [lambda card, n=n: card.keys[n : n + 1] for n in range(depth)]
    for keys_of in (*passes, _both_keys):
        for card in crm:
            for key in keys_of(card):
                hits = theirs.free(key, taken)
                rivals = ours.free(key, taken)
                if card.ref not in taken and len(hits) == 1 and len(rivals) == 1:
                    taken |= {card.ref, hits[0].ref}
                    yield Match(Standing.CERTAIN, f"same {key[0]}", card, hits[0])
    yield from _guesses(crm, erp, theirs, taken)


def _guesses(
    crm: Sequence[Card], erp: Sequence[Card], theirs: _Table, taken: set[str]
) -> Iterator[Match]:
    guessed: set[str] = set()
    for card in crm:
        if card.ref in taken:
            continue
        found = next(
            ((key, hits) for key in _all_keys(card) if (hits := theirs.free(key, taken))), None
        )
        if found is None:
            yield Match(Standing.UNMATCHED, "the ERP has no record like it", card, None)
            continue
        key, hits = found
        for hit in hits:
            guessed.add(hit.ref)
            yield Match(Standing.DOUBTFUL, _doubt(key, card, hit, len(hits)), card, hit)
    for card in erp:
        if card.ref not in taken and card.ref not in guessed:
            yield Match(Standing.UNMATCHED, "the CRM has no record like it", None, card)


def _doubt(key: _Key, card: Card, hit: Card, hits: int) -> str:
    if hits > 1:
        return f"{hits} records of the ERP have the same {key[0]}"
    if key in card.keys:
        return f"several records of the CRM have the same {key[0]}"
    other = "tax number" if key[0] == _NAME else _NAME
    mine, its = (card.tax, hit.tax) if key[0] == _NAME else (card.name, hit.name)
    if not (mine and its):
        return f"same {key[0]}; the {other} of one is empty"
    if normalised(mine) == normalised(its):
        return f"several records of the CRM have the same {key[0]}"
    return f"same {key[0]}, another {other}"


_NAME = "name"
_TAX = "tax number"


_BOTH = f"{_NAME} and {_TAX}"


def _both_keys(card: Card) -> Sequence[_Key]:
    return card.soft[:1] if card.soft and card.soft[0][0] == _BOTH else ()


def _soft_keys(name: str | None, tax: str | None) -> Iterator[_Key]:
    own_name, own_tax = normalised(name), normalised(tax)
    if own_name and own_tax:
        yield _BOTH, own_name, own_tax
    if own_tax:
        yield _TAX, own_tax
    if own_name:
        yield _NAME, own_name


def _all_keys(card: Card) -> tuple[_Key, ...]:
    return (*card.keys, *card.soft)

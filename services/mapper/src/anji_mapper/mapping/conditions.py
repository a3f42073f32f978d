"""Conditions: yes-or-no questions about one record's head, for filters.

Values are compared as normal form writes them; a blank value is empty and equals nothing.
"""

from dataclasses import dataclass

from anji_mapper.mapping.model import Condition, Row

__all__ = ["AllOf", "AnyOf", "IsEmpty", "Not", "OneOf"]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field holds one of these values."""

    path: str
    values: frozenset[str]

    def holds(self, head: Row) -> bool:
        """Return the answer."""
        value = head.get(self.path)
        return value is not None and _spelled(value) in self.values


@dataclass(frozen=True, slots=True)
class IsEmpty:
    """The field holds nothing."""

    path: str

    def holds(self, head: Row) -> bool:
        """Return the answer."""
        return head.get(self.path) is None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of them holds."""

    conditions: tuple[Condition, ...]

    def holds(self, head: Row) -> bool:
        """Return the answer."""
        return all(condition.holds(head) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them holds."""

    conditions: tuple[Condition, ...]

    def holds(self, head: Row) -> bool:
        """Return the answer."""
        return any(condition.holds(head) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    condition: Condition

    def holds(self, head: Row) -> bool:
        """Return the answer."""
        return not self.condition.holds(head)


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

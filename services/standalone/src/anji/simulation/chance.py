"""Chance that comes from a seed: the same history every time."""

from random import Random

__all__ = ["seeded"]


def seeded(*parts: object) -> Random:
    """Return a source of chance that only `parts` decide."""
    return Random(" ".join(map(str, parts)))  # noqa: S311 - a history, no secret

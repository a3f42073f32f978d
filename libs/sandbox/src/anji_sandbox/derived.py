"""Secrets and chance that only a seed decides, so that every run of a seed is the same run."""

from hashlib import sha256

__all__ = ["chance", "secret"]


def secret(seed: str, *parts: object) -> str:
    """Return 64 hex digits that only the seed and the parts decide."""
    return sha256("\0".join([seed, *map(str, parts)]).encode()).hexdigest()


def chance(seed: str, *parts: object) -> float:
    """Return a number from 0 up to 1 that only the seed and the parts decide."""
    return int(secret(seed, "chance", *parts)[:13], 16) / 16**13

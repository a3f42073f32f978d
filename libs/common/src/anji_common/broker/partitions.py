"""From a key to its partition number: murmur2, as Java's and aiokafka's producers do it.

Stated here once, because everything of one record must meet in one partition number: its
changes, commands, results and state (co-partitioning). A broker or a language with another
partitioner would scatter them without any error. The vectors are in
``tests/unit/common/test_partitions.py``.
"""

import struct
from functools import lru_cache

__all__ = ["murmur2", "partition_for"]

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_MASK = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF
"""Kafka takes the hash without its sign bit before dividing."""
_KEYS_REMEMBERED = 65_536
"""A hash costs 5 µs and a look-up 0.1; at 100 bytes a key this is about 10 MB."""


def murmur2(data: bytes) -> int:
    """Return the 32-bit murmur2 hash of `data`, unsigned, with Kafka's seed."""
    length = len(data)
    whole = length & ~3
    found = _SEED ^ length
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        mixed = (word * _FACTOR) & _MASK
        mixed ^= mixed >> 24
        found = ((found * _FACTOR) ^ (mixed * _FACTOR)) & _MASK
    if length != whole:
        found ^= int.from_bytes(data[whole:], "little")
        found = (found * _FACTOR) & _MASK
    found ^= found >> 13
    found = (found * _FACTOR) & _MASK
    return found ^ (found >> 15)


@lru_cache(maxsize=_KEYS_REMEMBERED)
def partition_for(key: bytes, partitions: int) -> int:
    """Return the partition number of `key` in a topic of so many partitions."""
    return (murmur2(key) & _POSITIVE) % partitions

"""A worker's memory in large pages, where Linux has them.

A seed is a hundred kinds of work of a few microseconds each, spread over all of a process's
memory, and a processor that looks for a 4 KB page's address waits as long as many of them take.
"""

import ctypes
import sys
from pathlib import Path

__all__ = ["use_huge_pages"]

_PAGE = 2 << 20
_MADV_COLLAPSE = 25
"""Linux 6.1 and newer; an older one refuses, and all stays as it is."""
_PARTS_OF_AN_UNNAMED_LINE = 5
"""Of /proc/self/maps: addresses, rights, offset, device, inode; a sixth would be a file's name."""


def use_huge_pages() -> None:
    """Move what this process holds by now to huge pages; where that cannot be, do nothing."""
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, rights, *rest = line.split()
        is_heap = len(rest) + 2 == _PARTS_OF_AN_UNNAMED_LINE or rest[-1] == "[heap]"
        if rights != "rw-p" or not is_heap:
            continue
        start, end = (int(each, 16) for each in addresses.split("-"))
        first, last = -(-start // _PAGE) * _PAGE, end // _PAGE * _PAGE
        if first < last:
            advise(first, last - first, _MADV_COLLAPSE)

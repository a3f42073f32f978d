"""What lenses say where they cannot convert, for more than one family of them."""

from anji_common.errors import MappingError
from anji_common.refs import System

__all__ = ["one_way"]


def one_way(to: System) -> MappingError:
    """Return what to raise where a lens that runs to one side only is asked for the other."""
    return MappingError(f"this value flows to {to} only")

"""What a table looks like in a pipe: text, wide enough for every cell."""

from io import StringIO

from rich.console import Console
from rich.table import Table

__all__ = ["screen_of"]


def screen_of(table: Table) -> str:
    """Return what is printed, without styles."""
    out = StringIO()
    Console(file=out, width=400, markup=False, highlight=False).print(table)
    return out.getvalue()

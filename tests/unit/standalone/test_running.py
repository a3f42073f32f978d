"""What commands print: a vendor's words as they are."""

import pytest

from anji.running import table_console
from anji.tables import make_table


@pytest.mark.parametrize("words", ["no such key [/b]", "[red]field[/red] is missing", "a [x] b"])
def test_square_brackets_in_a_vendors_words_are_printed_as_they_are(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = make_table("words")
    table.add_row(words)

    table_console().print(table)
    table_console().print(f"FNumber: {words}")

    assert capsys.readouterr().out.count(words) == 2

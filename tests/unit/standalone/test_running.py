"""What commands print: a vendor's words as they are."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from anji.running import file_to_write, table_console
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


def test_a_file_that_cannot_be_written_is_told_before_any_work(tmp_path: Path) -> None:
    nowhere = tmp_path / "there"
    nowhere.symlink_to(tmp_path / "no folder" / "f.csv")

    with pytest.raises(typer.BadParameter, match="cannot be written: No such file"):
        file_to_write(nowhere)


def test_to_ask_whether_a_file_can_be_written_changes_none(tmp_path: Path) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("kept")

    assert (file_to_write(old), file_to_write(new)) == (old, new)
    assert old.read_text() == "kept"
    assert not new.exists()


def test_an_account_without_a_name_is_named_by_its_number() -> None:
    """As in a container that runs under a number of its own."""
    words = "import os; os.getuid = lambda: 4_000_000_000; from anji.running import person as who"

    asked = (sys.executable, "-c", f"{words}; print(who())")
    shown = subprocess.run(asked, env={}, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter

    assert shown.stdout == "uid 4000000000\n"

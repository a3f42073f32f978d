"""Sheets of pairs as people hand them back."""

from pathlib import Path

from anji.match_tables import pairs_of


def test_a_sheet_that_a_spreadsheet_saved_is_read_back(tmp_path: Path) -> None:
    """With its mark of UTF-8, ends of lines of its own, blanks, and words as people type them."""
    sheet = tmp_path / "pairs.csv"
    lines = (
        "type,standing,crm,erp",
        "customer,certain,fxiaoke/AccountObj/a1, k3cloud/BD_Customer/100001 ",
        "customer,Certain ,fxiaoke/AccountObj/a2,C2",
        "customer,doubtful,fxiaoke/AccountObj/a3,C3",
        "customer,certain,,",
        "customer",
    )
    sheet.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())

    assert pairs_of(sheet) == [
        ("fxiaoke/AccountObj/a1", "k3cloud/BD_Customer/100001"),
        ("fxiaoke/AccountObj/a2", "C2"),
    ]

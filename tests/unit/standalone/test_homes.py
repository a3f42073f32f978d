"""What is made under `ANJI_HOME`, and what is said where nothing can be made."""

from pathlib import Path

import pytest

from anji.claims import claim
from anji.homes import made_folder, scratch_folder
from anji_common.errors import ConfigurationError
from unit.standalone.test_cli import anji


def test_a_copy_is_made_where_nothing_has_run_yet(tmp_path: Path) -> None:
    with scratch_folder(tmp_path / "new" / "home") as folder:
        assert folder.is_dir()
        assert folder.parent == tmp_path / "new" / "home"

    assert not folder.exists()


def test_a_home_that_is_a_file_is_told_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigurationError, match=r"^ANJI_HOME: .*file.* cannot be made"):
            made_folder(home, "views")
        with pytest.raises(ConfigurationError, match=r"^ANJI_HOME: "):
            scratch_folder(home).__enter__()
        with pytest.raises(ConfigurationError, match=r"^ANJI_HOME: "):
            claim(home, ["mapper"]).__enter__()


def test_a_command_that_cannot_use_its_home_says_so_in_one_line_and_ends_with_78(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()

    ended = anji(tmp_path / "file", "topics", "create")

    assert ended.returncode == 78
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("anji: ANJI_HOME: ")
    assert "set it to a folder that this account may write" in ended.stderr

"""The command as it is typed: a process of its own, its words and its exit codes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from anji.claims import claim

ANJI = str(Path(sys.executable).with_name("anji"))


def anji(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [ANJI, *words],
        env={"ANJI_HOME": str(home), "PATH": "/usr/bin:/bin", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_missing_settings_are_one_line_each_and_exit_code_78(tmp_path: Path) -> None:
    ended = anji(tmp_path / "new", "up")

    *lines, what_to_do = ended.stderr.splitlines()
    assert ended.returncode == 78
    assert "anji: ANJI_FXIAOKE_APP_ID is missing: FSAID_…, from the admin console" in lines
    assert all(re.match(r"anji: (either )?ANJI_(FXIAOKE|K3CLOUD)_", line) for line in lines)
    assert f"in the environment or in {tmp_path}/new/anji.toml" in what_to_do
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("up",), {}),
        (("run", "fxiaoke-writer", "k3cloud-source", "mapper"), {}),
        (("up",), {"ANJI_BROKER": "kafka"}),
    ],
    ids=["up", "run", "up on Kafka"],
)
def test_all_that_is_missing_is_named_at_once_and_is_all_that_is_needed(
    tmp_path: Path, words: tuple[str, ...], settings: dict[str, str]
) -> None:
    ended = anji(tmp_path, *words, **settings)

    named = set(re.findall(r"ANJI_(?:FXIAOKE|K3CLOUD|KAFKA)_\w+", ended.stderr))
    needed = {
        "ANJI_FXIAOKE_APP_ID", "ANJI_FXIAOKE_APP_SECRET", "ANJI_FXIAOKE_PERMANENT_CODE",
        "ANJI_FXIAOKE_CLOUD", "ANJI_FXIAOKE_URL", "ANJI_FXIAOKE_OPEN_USER_ID",
        "ANJI_FXIAOKE_MOBILE", "ANJI_K3CLOUD_URL", "ANJI_K3CLOUD_ACCT_ID",
        "ANJI_K3CLOUD_USERNAME", "ANJI_K3CLOUD_APP_ID", "ANJI_K3CLOUD_APP_SECRET",
        "ANJI_K3CLOUD_PASSWORD",
    }  # fmt: skip
    kafka = {"ANJI_KAFKA_BOOTSTRAP_SERVERS"} if settings else set[str]()
    assert (ended.returncode, named) == (78, needed | kafka)


def test_a_service_needs_no_settings_of_a_vendor_that_it_does_not_call(tmp_path: Path) -> None:
    ended = anji(tmp_path, "run", "fxiaoke-source")

    assert (ended.returncode, "K3CLOUD" in ended.stderr) == (78, False)


def test_a_service_that_nobody_knows_is_exit_code_78(tmp_path: Path) -> None:
    ended = anji(tmp_path, "run", "mapperr")

    assert ended.returncode == 78
    assert "no such service: mapperr; there are fxiaoke-source" in ended.stderr


def test_what_runs_already_is_not_started_again(tmp_path: Path) -> None:
    with claim(tmp_path, ["mapper"]):
        ended = anji(tmp_path, "run", "mapper")

    assert ended.returncode == 78
    assert "another process runs mapper" in ended.stderr


def test_looking_at_no_installation_makes_none(tmp_path: Path) -> None:
    ended = anji(tmp_path / "none", "links")

    assert ended.returncode == 78
    assert "there is no installation" in ended.stderr
    assert not (tmp_path / "none").exists()


def test_topics_are_made_and_listed(tmp_path: Path) -> None:
    made = anji(tmp_path, "topics", "create")
    listed = anji(tmp_path, "topics", "list")

    assert made.stdout.endswith("topics stand as they must be\n")
    rows = [line.split() for line in listed.stdout.splitlines()]
    assert ["fxiaoke.AccountObj.changes.v1", "newest", "of", "each", "key", "0"] in rows


def test_a_variable_set_to_nothing_is_not_set(tmp_path: Path) -> None:
    ended = anji(
        tmp_path, "topics", "create", ANJI_PARTITIONS="", ANJI_LOG_LEVEL="", ANJI_CONFIG=""
    )

    assert ended.returncode == 0, ended.stderr


def test_check_tells_each_mistake_of_a_setting_once(tmp_path: Path) -> None:
    ended = anji(tmp_path, "check", ANJI_PARTITIONS="many")

    assert ended.returncode == 1
    assert ended.stdout.count("ANJI_PARTITIONS is wrong") == 1


def test_check_asks_for_the_settings_of_kafka_where_the_file_says_kafka(tmp_path: Path) -> None:
    (tmp_path / "anji.toml").write_text('broker = "kafka"\n')

    ended = anji(tmp_path, "check")

    assert "to do settings kafka: ANJI_KAFKA_BOOTSTRAP_SERVERS is missing" in ended.stdout


def test_a_sheet_that_cannot_be_made_there_is_refused_before_any_work(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none" / "sheet")

    for words in (("reconcile", "--csv"), ("reconcile", "--json"), ("match", "--csv")):
        ended = anji(tmp_path, *words, nowhere)

        assert (ended.returncode, "there is no folder" in ended.stderr) == (2, True), ended.stderr
        assert "Traceback" not in ended.stderr
    assert anji(tmp_path, "plan", "--out", str(tmp_path)).returncode == 2


def test_a_link_type_that_is_not_there_is_no_empty_list(tmp_path: Path) -> None:
    anji(tmp_path, "topics", "create")

    ended = anji(tmp_path, "links", "--type", "custmer")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "there is no link type custmer; there are customer" in ended.stderr


def test_help_tells_the_exit_codes_and_shows_examples(tmp_path: Path) -> None:
    assert "78" in anji(tmp_path, "--help").stdout
    assert "--apply" in anji(tmp_path, "problems", "--help").stdout


def test_ctrl_c_while_the_program_is_still_loaded_ends_it_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")

    ended = anji(tmp_path, "--help", PYTHONPATH=str(tmp_path))

    assert (ended.returncode, ended.stderr, ended.stdout) == (130, "", "")

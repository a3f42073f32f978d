"""Logs carry names and numbers, never a secret or a record's content."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from anji_common.logs import Repeats, configure_logs


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    structlog.get_logger("anji.writer").warning("command.refused", ref="k3cloud/X/1", code="11")

    (line,) = written(capsys)
    assert {key: line[key] for key in ("event", "level", "logger", "ref", "code")} == {
        "event": "command.refused",
        "level": "warning",
        "logger": "anji.writer",
        "ref": "k3cloud/X/1",
        "code": "11",
    }


def test_a_librarys_log_takes_the_same_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    logging.getLogger("aiokafka").warning("node %s is down", 3)

    assert written(capsys)[0]["event"] == "node 3 is down"


def said(
    words: str, at: float, name: str = "aiokafka.cluster", about: object = 3
) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.ERROR, "", 0, words, (about,), None)
    record.created = at
    return record


def test_what_the_kafka_client_says_over_and_over_is_written_now_and_then_with_a_count() -> None:
    repeats = Repeats()
    records = [said("node %s is down", tick / 100) for tick in range(6001)]

    written = [record.getMessage() for record in records if repeats.filter(record)]

    again = "node 3 is down (said 2999 times more since it was written)"
    assert written == ["node 3 is down", again, again]


def test_other_words_and_other_loggers_are_not_left_out() -> None:
    repeats = Repeats()
    records = [
        said("node %s is down", 0.0),
        said("node %s is up", 0.0),
        said("%s", 0.0, "anji.source"),
        said("%s", 0.0, "anji.source"),
    ]

    assert all(map(repeats.filter, records))


def test_the_same_words_about_another_topic_are_not_left_out() -> None:
    repeats = Repeats()
    words = "Topic %s not found in cluster metadata"

    about = [said(words, tick / 100, about=topic) for tick in range(100) for topic in ("a", "b")]

    assert [each.args for each in about if repeats.filter(each)] == [("a",), ("b",)]


def test_of_ever_new_words_only_the_last_are_remembered() -> None:
    repeats = Repeats()
    assert all(repeats.filter(said(f"{number} of %s", 0.0)) for number in range(2000))
    assert repeats.filter(said("0 of %s", 0.0))
    assert not repeats.filter(said("1999 of %s", 0.0))


def test_secrets_and_contents_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    structlog.get_logger("x").info(
        "call.sent",
        app_secret="abc",
        given=SecretStr("def"),
        corp_access_token="ghi",
        body={"a": 1},
    )

    (line,) = written(capsys)
    assert (line["app_secret"], line["given"], line["corp_access_token"]) == ("***", "***", "***")
    assert line["body"] == "<dict left out>"


def test_a_vendors_long_words_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")

    structlog.get_logger("anji").warning("vendor.awaited", reason="页" * 5000, wait_seconds=1)

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["reason"] == f"{'页' * 2000} ... (3000 characters left out)"


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json", "warning")

    structlog.get_logger("x").info("poll.ended")

    assert written(capsys) == []


def test_an_error_is_shown_without_the_values_around_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("console")

    try:
        fail("xyz".upper())
    except ZeroDivisionError:
        structlog.get_logger("x").exception("service.failed")

    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "XYZ" not in shown


def fail(content: str) -> float:
    return len(content) / 0

"""What commands say in the end: what was done, or what to do, and nothing that is not so."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from anji.reconcile_tables import findings_table, repairs_words
from anji.repairing import Repairs
from anji_common.errors import UndecodableError
from anji_common.messages import Message
from anji_mapper.findings import Finding, FindingKind, Repair
from anji_mapper.plans import PlanFile
from labs.mapping_files import GOOD, compiled
from unit.standalone.test_cli import anji


@pytest.mark.parametrize("sent", [True, False])
def test_a_comparison_that_finds_nothing_to_mend_offers_no_repair(sent: bool) -> None:  # noqa: FBT001 - a table of two
    words = repairs_words(Repairs((), settled=0, retried=0, read=0), sent=sent)

    assert words == "repairs: none that a command can send; nothing was sent"


def test_a_comparison_says_how_to_send_its_repairs_and_that_they_were_sent() -> None:
    found = Repairs((Message("topic", "key", b""),), settled=1, retried=0, read=0)

    assert repairs_words(found, sent=False).endswith("would be sent; --repair does it")
    assert repairs_words(found, sent=True).endswith("they were sent")


def test_what_is_agreed_to_differ_is_written_with_kept_only() -> None:
    found = Finding(FindingKind.KEPT, "customer", field="fax~FFAX", repair=Repair.SETTLE)
    text = io.StringIO()

    Console(file=text, width=200).print(findings_table([found], {"customer": compiled(GOOD)}))

    assert "with --kept the owner's value is written" in text.getvalue()


def test_a_plan_that_is_not_there_is_not_told_as_cut_off(tmp_path: Path) -> None:
    with pytest.raises(UndecodableError, match=r"there is no file .*nope; anji plan writes one"):
        PlanFile(tmp_path / "nope")


def test_a_kafka_that_is_not_there_is_told_by_its_setting(tmp_path: Path) -> None:
    ended = anji(
        tmp_path,
        "links",
        ANJI_BROKER="kafka",
        ANJI_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9",
        ANJI_KAFKA_DELIVERY_TIMEOUT_SECONDS="1",
    )

    (line,) = [each for each in ended.stderr.splitlines() if each.startswith("anji: ")]
    assert ended.returncode == 69
    assert "ANJI_KAFKA_BOOTSTRAP_SERVERS" in line
    assert "127.0.0.1:9" in line
    assert "is it running" in line
    assert line.count("KafkaConnectionError") == 1

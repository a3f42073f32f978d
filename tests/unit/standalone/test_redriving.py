"""Dead letters by hand: listed oldest first, shown whole, and put back without harm."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from anji.letter_tables import letter_text
from anji.redriving import Letter, letters_of, redrive
from anji_common.broker.embedded_broker import EmbeddedBroker
from anji_common.clock import SystemClock
from anji_common.deadletters import DeadLetter, dead_letter
from anji_common.errors import UndecodableError
from anji_common.events.signals import Signal, SignalKind
from anji_common.messages import Message, Record
from anji_common.refs import Ref, System
from anji_common.testing.strategies import as_record
from anji_common.testing.virtual_time import LoopClock, run_virtually
from anji_common.topics import DEADLETTERS, INBOX, LINKS, declared_topics
from labs.source_lab import SourceLab, in_a_lab

ANJI = str(Path(sys.executable).with_name("anji"))
NOW = datetime(2026, 1, 5, tzinfo=UTC)
CHANGES = "fxiaoke.AccountObj.changes.v1"
KNOWN = [CHANGES, INBOX.name, LINKS.name]
REF = Ref(System.FXIAOKE, "AccountObj", "1")


def died(topic: str, key: bytes | None = str(REF).encode(), value: bytes | None = b"{") -> Record:
    return Record(topic, 3, 42, 1_767_225_600_000, key, value, (("h", b"\xff"), ("t", b"1")))


def letter_of(found: Record | bytes) -> Letter:
    message = dead_letter(found, UndecodableError("no JSON"), by="mapper")
    return Letter("0/0", NOW, DeadLetter.from_record(as_record(message)))


def test_an_input_is_put_back_as_it_was() -> None:
    plan = redrive(letter_of(died(INBOX.name)), KNOWN, NOW)

    assert plan.message == Message(INBOX.name, str(REF), b"{", (("h", b"\xff"), ("t", b"1")))
    assert INBOX.name in plan.words


def test_a_change_is_not_put_behind_newer_ones_but_its_record_is_read_anew() -> None:
    plan = redrive(letter_of(died(CHANGES)), KNOWN, NOW)

    assert plan.message is not None
    signal = Signal.from_record(as_record(plan.message))
    assert (signal.kind, signal.ref) == (SignalKind.READ, REF)


def test_a_record_that_is_read_anew_is_published_though_it_has_not_moved() -> None:
    """Its source has told it already; only its reader could not read it, and was mended."""

    async def test(lab: SourceLab) -> None:
        lab.start()
        await lab.wait(1.0)
        lab.shop.write("1", "a")
        await lab.wait(700.0)
        (told,) = await lab.records()

        message = redrive(letter_of(told), [told.topic], lab.clock.now()).message
        assert message is not None
        await lab.broker.publish([message])
        await lab.wait(60.0)

        first, again = await lab.changes()
        assert first.data == again.data
        assert again.revision > first.revision

    in_a_lab(test)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (died(LINKS.name), "is state, not input"),
        (died("elsewhere.v1"), "has no topic elsewhere.v1"),
        (died(INBOX.name, key=None), "without topic or key"),
        (died(INBOX.name, key=b"\xff"), "not UTF-8"),
        (died(CHANGES, key=b"no ref"), "not a ref"),
        (b"a callback's body", "without topic or key"),
    ],
    ids=["state", "unknown topic", "no key", "key no text", "key no ref", "from no topic"],
)
def test_what_would_do_harm_is_refused_with_a_reason(found: Record | bytes, why: str) -> None:
    plan = redrive(letter_of(found), KNOWN, NOW)

    assert plan.message is None
    assert plan.words.startswith("refused: ")
    assert why in plan.words


def test_a_letter_is_shown_whole_even_where_it_is_no_text() -> None:
    text = letter_text(letter_of(died(INBOX.name, value=b"\xff<html>")))

    assert "origin: anji.inbox.v1[3]@42" in text
    assert "reason: no JSON" in text
    assert "header h: \\xff" in text
    assert text.endswith("value: \\xff<html>")


def test_the_letters_are_read_oldest_first_and_rubbish_among_them_is_passed_over() -> None:
    async def test() -> list[Letter]:
        clock = LoopClock(asyncio.get_running_loop())
        broker = EmbeddedBroker(None, clock=clock, partitions=3)
        await broker.declare(declared_topics({}))
        for key in (b"b", b"a", b"c"):
            letter = dead_letter(died(INBOX.name, key=key), UndecodableError("no"), by="mapper")
            await broker.publish([letter])
            await clock.sleep(1)
        await broker.publish([Message(DEADLETTERS.name, "rubbish", b"")])
        found = await letters_of(broker)
        await broker.close()
        return found

    letters = run_virtually(test())

    assert [letter.found.key for letter in letters] == [b"b", b"a", b"c"]
    assert len({letter.name for letter in letters}) == 3


def anji(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [ANJI, "deadletters", *words],
        env={"ANJI_HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_letter_is_redriven_only_when_told_to(tmp_path: Path) -> None:
    clock = SystemClock()
    broker = EmbeddedBroker(tmp_path / "broker.sqlite", clock=clock, partitions=12)
    await broker.declare(declared_topics({}))
    await broker.publish([dead_letter(died(INBOX.name), UndecodableError("no"), by="mapper")])
    (letter,) = await letters_of(broker)

    listed = anji(tmp_path, "list")
    shown = anji(tmp_path, "show", letter.name)
    missing = anji(tmp_path, "show", "9/9")
    planned = anji(tmp_path, "redrive", "--all")
    before = sum((await broker.ends(INBOX.name)).values())
    applied = anji(tmp_path, "redrive", letter.name, "--apply")
    after = sum((await broker.ends(INBOX.name)).values())

    await broker.close()
    assert letter.name in listed.stdout
    assert f"{letter.origin}  " in listed.stdout  # on one line, for whoever searches for it
    assert "reason: no" in shown.stdout
    assert (missing.returncode, "no dead letter 9/9" in missing.stderr) == (1, True)
    assert planned.stdout.endswith("1 of 1 would be redriven; --apply does it\n")
    assert applied.stdout.endswith("1 of 1 redriven\n")
    assert (before, after) == (0, 1)


async def test_a_redriven_letter_is_open_no_more_and_one_that_fails_again_is(
    tmp_path: Path,
) -> None:
    broker = EmbeddedBroker(tmp_path / "broker.sqlite", clock=SystemClock(), partitions=12)
    await broker.declare(declared_topics({}))
    await broker.publish([dead_letter(died(INBOX.name), UndecodableError("no"), by="mapper")])
    (first,) = await letters_of(broker)

    anji(tmp_path, "redrive", "--all")
    planned = await letters_of(broker)
    anji(tmp_path, "redrive", first.name, "--apply")
    redriven = await letters_of(broker)
    nothing_open = anji(tmp_path, "list")
    shown = anji(tmp_path, "show", first.name)
    none_left = anji(tmp_path, "redrive", "--all", "--apply")
    again = replace(died(INBOX.name), offset=43)  # what was put back stands at a later place
    await broker.publish([dead_letter(again, UndecodableError("no"), by="mapper")])
    second = next(each for each in await letters_of(broker) if each.name != first.name)
    is_open = anji(tmp_path, "list")
    every = anji(tmp_path, "list", "--all")
    await broker.close()

    assert [each.redriven_at for each in planned] == [None]
    assert [each.redriven_at is not None for each in redriven] == [True]
    assert nothing_open.stdout == (
        "no dead letter is open; 1 was redriven, and --all lists it as well\n"
    )
    assert "redriven: 20" in shown.stdout
    assert none_left.stdout == "0 of 0 redriven\n"
    assert [line.split()[0] for line in is_open.stdout.splitlines()[1:]] == [second.name, "1"]
    assert {line.split()[0] for line in every.stdout.splitlines()[1:]} == {
        first.name,
        second.name,
    }

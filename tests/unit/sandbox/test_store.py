"""What the memory of a sandbox promises."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from anji_sandbox.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_what_was_put_is_there_after_a_restart_in_the_order_of_its_putting(path: Path) -> None:
    with Store(path) as store:
        store.put("fruit", "pear", {"name": "梨"})
        store.put("fruit", "apple", {"name": "苹果"})
        store.put("fruit", "pear", {"name": "雪梨"})

    with Store(path) as again:
        assert list(again.all("fruit")) == [{"name": "雪梨"}, {"name": "苹果"}]
        assert again.ids("fruit") == ("pear", "apple")


def test_numbers_go_on_after_a_restart(path: Path) -> None:
    with Store(path) as store:
        first = [store.next_number("order"), store.next_number("order")]

    with Store(path) as again:
        assert first == [1, 2]
        assert again.next_number("order") == 3
        assert again.next_number("bill") == 1


def test_a_deleted_record_stays_deleted(path: Path) -> None:
    with Store(path) as store:
        store.put("fruit", "pear", {})
        store.delete("fruit", "pear")
        store.delete("fruit", "never")

    with Store(path) as again:
        assert again.get("fruit", "pear") is None
        assert again.kinds() == ()


@pytest.mark.parametrize("is_in_a_file", [True, False], ids=["file", "memory"])
def test_a_block_that_raises_leaves_nothing(path: Path, *, is_in_a_file: bool) -> None:
    with Store(path if is_in_a_file else None) as store:
        store.put("fruit", "pear", {"kilos": 1})
        store.next_number("order")

        def change_all() -> None:
            with store.transaction():
                store.put("fruit", "pear", {"kilos": 2})
                store.put("fruit", "apple", {})
                store.delete("fruit", "pear")
                store.next_number("order")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            change_all()

        assert store.get("fruit", "pear") == {"kilos": 1}
        assert store.get("fruit", "apple") is None
        assert store.number("order") == 1


def test_an_inner_block_counts_only_with_the_outer_one(path: Path) -> None:
    with Store(path) as store:

        def put_within() -> None:
            with store.transaction():
                with store.transaction():
                    store.put("fruit", "pear", {})
                raise RuntimeError

        with pytest.raises(RuntimeError):
            put_within()

        assert store.count("fruit") == 0


_WRITER = """
import sys
from pathlib import Path
from anji_sandbox.store import Store
store = Store(Path(sys.argv[1]))
while True:
    number = store.next_number("record")
    with store.transaction():
        store.put("head", str(number), {})
        store.put("line", str(number), {})
    print(number, flush=True)
"""


def test_every_write_that_returned_survives_kill_9(path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:  # noqa: S603 - our own code
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(50)]
        os.kill(writer.pid, signal.SIGKILL)
        told += [int(line) for line in writer.stdout]

    with Store(path) as store:
        assert store.get("head", str(told[-1])) is not None
        assert store.count("line") >= len(told)
        assert store.ids("head") == store.ids("line")

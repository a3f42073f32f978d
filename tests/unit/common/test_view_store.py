"""The file behind a view: a cache that never says it has read what it does not hold."""

import importlib.util
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from anji_common.broker.view_store import ViewStore, projection_of
from anji_common.errors import ConfigurationError, FatalError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "views" / "links"


@pytest.fixture
def store(path: Path) -> Iterator[ViewStore]:
    store = ViewStore(path, "links")
    yield store
    store.close()


def as_on_disk(path: Path) -> ViewStore:
    """Return the store as another process would find it after a power cut."""
    copy = path.with_name("as-on-disk")
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(Path(f"{path}{suffix}").read_bytes())
    return ViewStore(copy, "links")


def test_rows_and_positions_are_kept_together_or_not_at_all(path: Path, store: ViewStore) -> None:
    store.put("a", b"1")
    store.move({0: 1, 1: 7})
    store.save()
    store.put("a", b"2")
    store.put("b", b"2", ("token",))
    store.move({0: 3})

    found = as_on_disk(path)

    assert dict(found.scan()) == {"a": b"1"}
    assert found.positions() == {0: 1, 1: 7}
    assert found.find("token", None) == []
    assert dict(store.scan()) == {"a": b"2", "b": b"2"}
    found.close()


def test_many_unsaved_rows_are_saved_without_being_asked(path: Path, store: ViewStore) -> None:
    for number in range(2000):
        store.put(f"{number:04}", b"1")
    store.move({0: 2000})
    store.put("late", b"1")

    found = as_on_disk(path)

    assert len(found) == 2000
    assert found.positions() == {0: 2000}
    found.close()


def test_what_was_closed_is_there_again(path: Path) -> None:
    store = ViewStore(path, "links")
    store.put("a", b"0", ("red", "green"))
    store.put("a", b"1", ("green", "blue"))
    store.put("gone", b"1", ("red",))
    store.put("gone", None)
    store.move({3: 9})
    store.close()

    again = ViewStore(path, "links")

    assert (again.get("a"), again.get("gone"), len(again)) == (b"1", None, 1)
    assert [again.find(token, None) for token in ("red", "green", "blue")] == [[], ["a"], ["a"]]
    assert again.positions() == {3: 9}
    again.close()


def test_rows_are_scanned_by_key_while_they_are_written(store: ViewStore) -> None:
    for number in range(450):
        store.put(f"{number:04}", b"old")

    seen = []
    for key, value in store.scan():
        if key == "0000":
            store.put("0300", b"new")
            store.put("0449", None)
            store.put("9999", b"new")
        seen.append((key, value))

    assert [key for key, _ in seen] == [f"{n:04}" for n in range(449)] + ["9999"]
    assert dict(seen)["0300"] == b"new"


def test_keys_of_a_token_are_sorted_and_limited(store: ViewStore) -> None:
    for key in ("c", "a", "b"):
        store.put(key, b"1", ("red",))

    assert store.find("red", None) == ["a", "b", "c"]
    assert store.find("red", 2) == ["a", "b"]


def test_a_cleared_store_is_empty_and_goes_on(path: Path) -> None:
    store = ViewStore(path, "links")
    store.put("a", b"1", ("red",))
    store.move({0: 1})

    store.clear()

    assert (dict(store.scan()), store.positions(), store.find("red", None)) == ({}, {}, [])
    store.put("b", b"1")
    store.close()
    again = ViewStore(path, "links")
    assert dict(again.scan()) == {"b": b"1"}
    again.close()


def _other_identity(path: Path) -> None:
    ViewStore(path, "links of another mapping").close()


def _no_database(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half of a download" * 1000)


def _other_database(path: Path) -> None:
    path.parent.mkdir(parents=True)
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE rows (something TEXT)")
    db.close()


@pytest.mark.parametrize("left_behind", [_other_identity, _no_database, _other_database])
def test_a_file_of_anything_else_is_thrown_away(
    path: Path, left_behind: Callable[[Path], None]
) -> None:
    left_behind(path)

    store = ViewStore(path, "links")

    assert dict(store.scan()) == {}
    store.put("a", b"1")
    store.close()
    again = ViewStore(path, "links")
    assert again.get("a") == b"1"
    again.close()


def test_a_damaged_file_stops_its_user_once_and_is_made_anew(path: Path) -> None:
    store = ViewStore(path, "links")
    for number in range(5000):
        store.put(f"{number:05}", b"x" * 100)
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:20_000] + b"\xff" * (len(whole) - 20_000))
    damaged = ViewStore(path, "links")

    with pytest.raises(FatalError, match=f"the view {path} cannot be used, start again"):
        list(damaged.scan())

    again = ViewStore(path, "links")
    assert list(again.scan()) == []
    again.close()


def test_a_file_that_another_process_has_open_is_left_alone(path: Path, store: ViewStore) -> None:
    store.put("a", b"1")

    with pytest.raises(ConfigurationError, match="open in another process; give each its own"):
        ViewStore(path, "links")

    assert store.get("a") == b"1"


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()

    for path in (tmp_path / "file" / "links", tmp_path / "folder"):
        with pytest.raises(FatalError, match=f"the view {path} cannot be used"):
            ViewStore(path, "links")


def _function_of(path: Path, text: str) -> Callable[[], int]:
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("projection", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[], int] = module.project
    return found


def test_a_projection_s_name_changes_with_the_module_that_defines_it(tmp_path: Path) -> None:
    helper = "def help():\n    return {}\n\ndef project():\n    return help()\n"
    one = projection_of(_function_of(tmp_path / "one.py", helper.format(1)))
    again = projection_of(_function_of(tmp_path / "again.py", helper.format(1)), None)
    other = projection_of(_function_of(tmp_path / "other.py", helper.format(2)))

    assert one == again
    assert one != other
    assert projection_of(None) == projection_of(len)  # not ours: never changes


def test_code_without_its_source_is_told_apart_by_its_bytes(tmp_path: Path) -> None:
    functions = []
    for number in (1, 2):
        path = tmp_path / f"{number}.py"
        functions.append(_function_of(path, f"def project():\n    return x{'+1' * number}\n"))
        path.unlink()

    assert projection_of(functions[0]) == projection_of(functions[0])
    assert projection_of(functions[0]) != projection_of(functions[1])


def test_a_scratch_file_holds_the_same_rows_and_keeps_no_journal(path: Path) -> None:
    store = ViewStore(path, "links", is_scratch=True)
    for turn in (b"1", b"2"):
        store.put_many([(f"{number:04}", turn, ("even",)[number % 2 :]) for number in range(3000)])
        store.move({0: 3000})
    store.put("0001", None)

    assert len(store) == 2999
    assert {value for _, value in store.scan()} == {b"2"}
    assert store.find("even", 2) == ["0000", "0002"]
    assert store.positions() == {0: 3000}
    assert not Path(f"{path}-wal").exists()
    store.close()

"""Rows without a file: whatever is written, they are found as a file's are."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from anji_common.broker.view_memory import ViewMemory
from anji_common.broker.view_store import Kept, ViewStore

KEYS, TOKENS = ("a", "b", "c", "d"), ("red", "blue", "green")
ROWS = st.tuples(
    st.sampled_from(KEYS),
    st.none() | st.binary(max_size=2),
    st.lists(st.sampled_from(TOKENS), max_size=3),
)
BATCHES = st.lists(st.lists(ROWS, max_size=4), max_size=6)


def _told(store: ViewStore | ViewMemory) -> list[object]:
    """Return everything that a store can be asked."""
    return [
        dict(store.scan()),
        [list(store.scan(after=key)) for key in KEYS],
        [store.get(key) for key in KEYS],
        store.get_many(KEYS),
        [store.find(token, limit) for token in TOKENS for limit in (None, 1, 2)],
        len(store),
        store.positions(),
    ]


@given(BATCHES, st.integers(0, 6))
def test_rows_in_memory_are_found_as_rows_in_a_file(
    batches: list[list[Kept]], cleared_at: int
) -> None:
    with TemporaryDirectory() as folder:
        stores = (ViewStore(Path(folder) / "rows", "links"), ViewMemory())
        with closing(stores[0]):
            for number, batch in enumerate(batches):
                for store in stores:
                    if number == cleared_at:
                        store.clear()
                    store.put_many(batch)
                    store.move({0: number})
                assert _told(stores[0]) == _told(stores[1])


def test_rows_are_scanned_by_key_while_they_are_written() -> None:
    store = ViewMemory()
    for number in range(5):
        store.put(str(number), b"old")

    seen = []
    for key, value in store.scan():
        if key == "0":
            store.put("3", b"new")
            store.put("4", None)
        seen.append((key, value))

    assert seen == [("0", b"old"), ("1", b"old"), ("2", b"old"), ("3", b"new")]

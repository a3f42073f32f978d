"""Large pages change how fast memory is, never what is in it."""

from hashlib import sha256

from anji.simulation.huge_pages import use_huge_pages

_MANY = 200_000


def test_what_a_process_holds_is_the_same_in_huge_pages() -> None:
    block = bytearray(range(256)) * (16 << 10)
    held = [str(each) for each in range(_MANY)]
    before = sha256(block).hexdigest()
    use_huge_pages()
    assert sha256(block).hexdigest() == before
    assert held == [str(each) for each in range(_MANY)]

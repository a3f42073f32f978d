"""``docs/performance.md``: figures between marks, and what people have written around them."""

from collections.abc import Sequence

from bench.figures import Family

__all__ = ["rendered", "with_section"]


def rendered(command: str, facts: Sequence[str], families: Sequence[Family]) -> str:
    """Return one group of families as Markdown."""
    lines = [f"`{command}`", "", *(f"- {fact}" for fact in facts)]
    for family in families:
        lines += ["", f"### {family.title}", "", family.words, ""]
        lines += ["| figure | measured | aim |", "|---|---:|---|"]
        lines += [f"| {each.what} | {each.shown} | {each.aim} |" for each in family.figures]
    return "\n".join(lines)


def with_section(page: str, name: str, text: str) -> str:
    """Return `page` with `text` between the marks of `name`; what stands around them is kept.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = f"<!-- bench {name}: begin -->", f"<!-- bench {name}: end -->"
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        msg = f"docs/performance.md has no {begin} … {end}: put them where the figures belong"
        raise ValueError(msg)
    return f"{before}{begin}\n{text}\n{end}{after}"

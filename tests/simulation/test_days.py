"""Steady traffic for a while: nothing of ours grows with its history."""

import pytest

from anji.simulation.days import live
from anji_mapper.mapping.folder import load_mappings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_LEEWAY_KIB = 150.0
"""Less than one KiB for each edit between the first sample and the last."""


def test_memory_files_and_tasks_do_not_grow_with_the_number_of_edits() -> None:
    # The first fifth of an hour fills what is bounded: links and rows that are kept in memory, and
    # the last 256 values that were parsed, which are of different sizes.
    _, _, first, *_, last = live(0.8, load_mappings(), edits_per_hour=400, samples=8)

    assert last.edits - first.edits > _LEEWAY_KIB
    assert last.kib < first.kib + _LEEWAY_KIB
    assert last.files <= first.files
    assert last.tasks <= first.tasks + 2  # one is on its way now and then

"""Months of steady traffic: the disk and what a start reads hold what topics keep, and no more."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from anji.simulation.history import MONTH_AN_HOUR, Remains, leave_behind
from anji_common.topics import CALLS, CHECKPOINTS, CROSSWALK, LINKS
from anji_mapper.mapping.folder import load_mappings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_MOST = 1.1
"""How much more may be there at the end than after the first months: what is kept varies."""
_LEEWAY_RECORDS = 120
"""Rows that compaction has not looked at yet, once for each process that reads them."""


def _total(records: Mapping[str, int]) -> int:
    return sum(records.values())


def _lived(hours: float, folder: Path, faster: int = MONTH_AN_HOUR) -> tuple[Remains, Remains]:
    first, _, last = leave_behind(
        hours, load_mappings(), folder, edits_per_hour=40, samples=3, faster=faster
    )
    assert last.edits > 2 * first.edits
    return first, last


def test_disk_and_start_do_not_grow_once_topics_have_kept_all_that_they_keep(
    tmp_path: Path,
) -> None:
    first, last = _lived(6, tmp_path)  # two months, and six

    assert _total(last.rows) < _MOST * _total(first.rows)
    assert last.broker_kib < _MOST * first.broker_kib
    assert last.views_kib < _MOST * first.views_kib
    assert last.journals_kib < _MOST * first.journals_kib
    for topic in (CROSSWALK.name, LINKS.name):
        assert last.rows[topic] == first.rows[topic]  # one for each record and pair
    for after, before in (
        (last.read_by_start, first.read_by_start),
        (last.read_without_views, first.read_without_views),
    ):
        assert _total(after) < _MOST * _total(before) + _LEEWAY_RECORDS
    of_history = {*last.read_by_start} - {CALLS.name, CHECKPOINTS.name}
    assert not of_history  # everything else is in the files of the views


def test_where_topics_keep_all_for_longer_than_one_lives_the_disk_grows(tmp_path: Path) -> None:
    first, last = _lived(3, tmp_path, faster=1)

    assert _total(last.rows) > 2 * _total(first.rows)
    assert last.broker_kib > _MOST * first.broker_kib
    assert _total(last.read_without_views) > 2 * _total(first.read_without_views)

"""The short form of `make chaos`: a small tenant and few syncs, the same processes and the same ledger."""

from pathlib import Path

import pytest

from tests.chaos.story import Size, Story
from tests.databases import FreshDatabase, on_both_databases

pytestmark = [pytest.mark.chaos, on_both_databases]


def test_a_storm_leaves_everything_in_step_each_change_once_and_no_mail_lost(
    tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    size = Size(people=120, syncs=3, seconds=90, storm=1)
    outcome = Story(tmp_path / "chaos", 4, size, fresh_database(tmp_path)).tell()
    assert outcome.broken == []
    assert outcome.counted["syncs"] == 3
    assert outcome.counted["kills"] >= 3
    assert outcome.counted["mails"] > 0

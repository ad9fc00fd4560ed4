"""Rows of the Rounds screen by files and facts (UC-06, UC-13): the running round first, earlier processes after it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from core.build.round_rows import RoundRows
from core.domain.snapshot import RoundRow
from core.rounds.archive import Archive
from core.rounds.facts import RoundFacts
from tests.unit.rounds.made import Made

MADE = Made().play(minutes=1)
RUN = RoundRow(3, 3_000, None, 1.5, "", "running")


def facts_of(number: int, verdict: str) -> RoundFacts:
    """One short round under another number."""
    ending = replace(MADE.ending, number=number, started=MADE.ending.started + number, verdict=verdict)
    return replace(MADE, ending=ending)


def test_the_running_round_stands_first_with_the_report_that_was_asked_for(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    rows = RoundRows(archive)
    assert rows.rows(RUN, [], []) == (RUN,)
    written = archive.write(facts_of(3, "running"), final=False).markdown
    [row] = rows.rows(RUN, [], [written])
    assert (row.number, row.ended, row.report, row.verdict) == (3, None, str(written), "running")


def test_rounds_of_earlier_processes_are_read_from_their_files_newest_first(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for number, verdict in ((1, "flat"), (2, "running")):
        archive.write(facts_of(number, verdict))
    (tmp_path / "round-0009-broken.json").write_text("{")
    rows = RoundRows(archive).rows(RUN, [], [])
    assert [(row.number, row.verdict) for row in rows] == [(3, "running"), (2, "cut off"), (1, "flat")]
    assert rows[1].ended is None and rows[2].ended is not None
    assert all(Path(row.report).is_file() for row in rows[1:])


def test_a_round_that_this_process_finished_is_listed_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    done = facts_of(2, "carried")
    path = archive.write(done).markdown
    rows = RoundRows(archive).rows(None, [done], [path])
    assert [(row.number, row.report) for row in rows] == [(2, str(path))]


def test_without_a_folder_there_is_nothing_to_list(tmp_path: Path) -> None:
    assert RoundRows(Archive(tmp_path / "none")).rows(None, [], []) == ()

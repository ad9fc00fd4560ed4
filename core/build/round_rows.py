"""Rows of the Rounds screen: the round that runs, the finished ones of this process, and those of earlier ones by their
files. Reads the report folder once; writes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from core.domain.errors import DataError
from core.domain.snapshot import RoundRow
from core.domain.units import MONEY
from core.rounds.archive import Archive
from core.rounds.facts import RoundFacts, load

EARLIER = 100  # newest files that are read at start
RUNNING, CUT_OFF = "running", "cut off"


def row_of(facts: RoundFacts, report: str) -> RoundRow:
    """A finished round."""
    e = facts.ending
    return RoundRow(e.number, e.started, e.ended, facts.money.net / MONEY, report, e.verdict)


class RoundRows:
    """`rows` newest first."""

    def __init__(self, archive: Archive) -> None:
        self.folder = archive.folder
        self._earlier: tuple[RoundRow, ...] | None = None

    def rows(
        self, running: RoundRow | None, finished: Sequence[RoundFacts], written: Sequence[Path]
    ) -> tuple[RoundRow, ...]:
        """`written`: the reports of this process; a running round has one when a person asked for it."""
        if self._earlier is None:
            self._earlier = tuple(self._read())
        reports = {path.name[:10]: str(path) for path in written}
        mine = [row_of(facts, reports.get(_name(facts.ending.number), "")) for facts in reversed(finished)]
        if running is not None:
            report = reports.get(_name(running.number), "")
            mine.insert(0, RoundRow(running.number, running.started, None, running.net, report, RUNNING))
        here = {row.number for row in mine}
        return (*mine, *(row for row in self._earlier if row.number not in here))

    def _read(self) -> list[RoundRow]:
        """Files of earlier processes; one that still says `running` was cut off, one that does not load has no row."""
        found = []
        for path in sorted(self.folder.glob("round-*.json"), reverse=True)[:EARLIER]:
            with contextlib.suppress(DataError, OSError):
                facts, md = load(path), path.with_suffix(".md")
                row = row_of(facts, str(md) if md.is_file() else "")
                cut = row.verdict == RUNNING
                found.append(
                    RoundRow(
                        row.number, row.started, None if cut else row.ended, row.net, row.report,
                        CUT_OFF if cut else row.verdict,
                    )
                )  # fmt: skip
        return found


def _name(number: int) -> str:
    return f"round-{number:04d}"

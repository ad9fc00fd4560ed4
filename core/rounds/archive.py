"""The report folder: round-<nnnn>-<utc>.md, .svg, .json, index.md and technical.md, each written whole or not at all.

The program writes reports nowhere else. A facts file that still says `running` at start is a round that was cut off.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from core.clock import stamp
from core.domain.errors import DataError
from core.domain.units import MONEY
from core.guard.private import replace_synced
from core.rounds.charts import svg
from core.rounds.diff import technical_block
from core.rounds.facts import RoundFacts, encode, load
from core.rounds.figures import duration, money, when
from core.rounds.kpitable import failed, kpis
from core.rounds.markdown import esc, table
from core.rounds.report import report

TECHNICAL_HEAD = (
    "# Technical notes of the running system\n\nAfter each round a dated block says what differs from the last one: "
    "parameters, behaviour, results (S3-72).\nText outside these blocks is yours; the program only appends.\n\n"
)


class Written(msgspec.Struct, frozen=True):
    """Paths of one report."""

    markdown: Path
    chart: Path
    facts: Path


def _replace(path: Path, data: bytes) -> None:
    replace_synced(path, data, "part")


class Archive:
    """One report folder. Methods raise OSError when the disk refuses; the caller says so and goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stem(self, facts: RoundFacts) -> str:
        return f"round-{facts.ending.number:04d}-{stamp(facts.ending.started)}"

    def snapshot(self, facts: RoundFacts) -> Path:
        """The initial snapshot, before the first order of the round (S3-51)."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{self.stem(facts)}.json"
        _replace(path, encode(facts))
        return path

    def write(self, facts: RoundFacts, final: bool = True) -> Written:
        """Facts, chart, markdown, then the index; a final one also appends the difference block to technical.md.

        Writing the same round again replaces its files and appends no second block.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        before, stem = self.before(facts), self.stem(facts)
        out = Written(*(self.folder / f"{stem}{end}" for end in (".md", ".svg", ".json")))
        _replace(out.chart, svg(facts).encode())
        _replace(out.markdown, report(facts, before, out.chart.name).encode())
        _replace(out.facts, encode(facts))
        if final:
            self._technical(before, facts, out.markdown.name)
        self.index()
        return out

    def _technical(self, before: RoundFacts | None, facts: RoundFacts, name: str) -> None:
        path = self.folder / "technical.md"
        old = path.read_text("utf-8") if path.exists() else TECHNICAL_HEAD
        if f"Report: {name}\n" not in old:
            _replace(path, (old + technical_block(before, facts, name)).encode())

    def rounds(self) -> list[tuple[Path, RoundFacts]]:
        """All readable rounds by number and start; unreadable files are skipped here and named by `unreadable`."""
        found = []
        for path in sorted(self.folder.glob("round-*.json")):
            with contextlib.suppress(DataError, OSError):
                found.append((path, load(path)))
        return sorted(found, key=lambda item: (item[1].ending.started, item[1].ending.number))

    def unreadable(self) -> list[str]:
        """Names of facts files that do not load."""
        return sorted({p.name for p in self.folder.glob("round-*.json")} - {p.name for p, _ in self.rounds()})

    def before(self, facts: RoundFacts) -> RoundFacts | None:
        """The last finished round that started before this one."""
        earlier = [f for _, f in self.rounds() if f.ending.started < facts.ending.started]
        finished = [f for f in earlier if f.ending.verdict != "running"]
        return finished[-1] if finished else None

    def unfinished(self) -> list[RoundFacts]:
        """Rounds whose facts still say `running`: at start they were cut off, and their journals close them."""
        return [f for _, f in self.rounds() if f.ending.verdict == "running"]

    def next_number(self) -> int:
        """One more than the highest number on record, readable or not."""
        numbers = [int(p.name[6:10]) for p in self.folder.glob("round-*") if p.name[6:10].isdigit()]
        return max(numbers, default=0) + 1

    def index(self) -> Path:
        """index.md, newest first."""
        rows = []
        for path, facts in reversed(self.rounds()):
            e = facts.ending
            judged = failed(kpis(facts))
            md = path.with_suffix(".md")
            link = f"[{e.number:04d}]({md.name})" if md.exists() else f"{e.number:04d}"
            row = [link, when(e.started), duration(e.ended - e.started), esc(facts.run.mode), money(facts.money.net)]
            share = f"{facts.money.net / facts.equity_start * 100:+.3f} %" if facts.equity_start > 0 else "--"
            rows.append([*row, share, e.verdict, str(len(judged)), esc(facts.run.config_sha256[:8])])
        head = ["round", "started, UTC", "lasted", "mode", "net", "of equity", "end", "KPIs failed", "config"]
        total = sum(f.money.net for _, f in self.rounds())
        lines = ["# Rounds", "", f"{len(rows)} rounds, net {total / MONEY:+,.4f} in sum.", ""]
        bad = self.unreadable()
        if bad:
            lines += [f"Not readable: {', '.join(esc(name) for name in bad)}.", ""]
        path = self.folder / "index.md"
        _replace(path, "\n".join([*lines, *table(head, rows, "llllrrlrl"), ""]).encode())
        return path


def as_cut_off(facts: RoundFacts, last_seen: int) -> RoundFacts:
    """The facts of a round whose process died, when its journal cannot be replayed: marked, never called flat."""
    ending = msgspec.structs.replace(
        facts.ending, ended=max(last_seen, facts.ending.ended), reason="cut off", verdict="cut off", verified=False
    )
    return msgspec.structs.replace(facts, ending=ending)

"""The round that a crash cut off, closed from its journal with full facts.

At start the round is closed with what its snapshot says; `python -m core.build.cutoff JOURNAL REPORTS` then replays the
journal in a niced process of its own and writes the report again, so that no start waits for it.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence

import msgspec

from core.build.desk import EngineDesk
from core.build.replaying import replay_into
from core.build.warm import niced, ready
from core.config.load import Loaded
from core.domain.errors import PerpError
from core.domain.events import Step
from core.domain.ports import StepSink
from core.engine.engine import Engine
from core.engine.journal import Header
from core.engine.roundlife import ENDED, OPENED
from core.kernel import Kernels, best_kernels
from core.kpi.measures import Measures
from core.rounds.archive import Archive
from core.rounds.facts import RoundFacts, Run
from core.rounds.recorder import Recorder
from core.rounds.scheduler import Ending
from core.venues.lanes import Open, WireGate

CUT_OFF = "cut off"


class _Last:
    """Follows rounds: which one is open, and the last instant on record."""

    name = "cut off"

    def __init__(self, engine: Engine, recorder: Recorder) -> None:
        self.engine, self.recorder = engine, recorder
        self.now = 0

    def take(self, step: Step) -> None:
        self.now = step.moment.ts
        desk = self.recorder.desk
        if isinstance(desk, EngineDesk):
            desk.requests += len(step.requests) + len(step.reads)
        for note in step.notes:
            if note.code == OPENED:
                self.recorder.begin(step.moment.ts, self.engine.rounds.machine.number)
            elif note.code == ENDED:
                self.recorder.active = False


def facts_of_cut_off(path: pathlib.Path, kernels: Kernels | None = None) -> RoundFacts | None:
    """Facts of the last round of the journal when it was never closed, else None; verdict `cut off`, never verified.

    Raises DataError when the journal cannot be replayed, or replays differently from what it recorded.
    """
    held: list[_Last] = []

    def sinks(engine: Engine, loaded: Loaded, header: Header) -> Sequence[StepSink]:
        wire = WireGate(Open(), min(post.instrument.orders_per_10s for post in engine.posts))
        desk = EngineDesk(engine, wire, lambda lines: ())
        measures = Measures(desk, header.started)
        run = Run(
            mode=header.mode, network=engine.posts[0].instrument.network, market=", ".join(header.source["names"]),
            seed=header.seed, config_sha256=header.config_sha256, journal=path.name,
        )  # fmt: skip
        recorder = Recorder(desk, measures, run)
        held.append(_Last(engine, recorder))
        return [measures, recorder, held[0]]

    out = replay_into(path, sinks, kernels)
    if out.first is not None:
        raise PerpError(f"Expected the same requests again, was another at step {out.first['seq']}")
    last = held[0]
    if not last.recorder.active:
        return None
    machine = last.engine.rounds.machine
    return last.recorder.facts(
        Ending(machine.number, machine.started, machine.due(), last.now, CUT_OFF, CUT_OFF, False)
    )


def complete(journal: pathlib.Path, reports: pathlib.Path) -> bool:
    """Write the report of the cut-off round again, with all that its journal tells. False: nothing to add."""
    archive = Archive(reports)
    begun = next(
        (f for _, f in archive.rounds() if f.run.journal == journal.name and f.ending.verdict == CUT_OFF), None
    )
    found = facts_of_cut_off(journal, best_kernels() if ready() else Kernels("plain"))
    if begun is None or found is None or found.ending.number != begun.ending.number:
        return False
    archive.write(msgspec.structs.replace(found, run=begun.run))
    return True


def complete_later(journal: pathlib.Path, reports: pathlib.Path) -> None:
    """`complete` in a niced process of its own; it ends by itself and its words go to a log beside the journal."""
    if not journal.is_file():
        return
    root = str(pathlib.Path(__file__).resolve().parents[2])
    with open(journal.with_suffix(".cutoff.log"), "ab") as out:
        subprocess.Popen(
            [sys.executable, "-m", "core.build.cutoff", str(journal), str(reports)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}, stdin=subprocess.DEVNULL,
            stdout=out, stderr=out, start_new_session=True, preexec_fn=niced,
        )  # fmt: skip


if __name__ == "__main__":
    print("completed" if complete(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])) else "nothing to add")

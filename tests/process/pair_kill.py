"""The stage of a killed pair: two loopback venues, one state dir, one core after the other, each with its death ahead.

The judge is the venues' own books against what the pair's record on the disk declares.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core.build.pairs_kept import FILE, KeptPairs
from core.config.instruments import find_instrument
from core.control.client import ControlClient
from core.control.protocol import Do, Status
from core.domain.commands import AnyCommand
from core.domain.errors import PerpError
from core.execution.pair_saga import words as w
from core.execution.pair_saga.blocks import Saga, grains_of
from tests.process.pair_kill_venues import STAGES
from tests.process.real_core import environment
from tests.process.running import ROOT, hear, running
from tests.rehearsal.stage import keys_of, pair_of
from tests.simulation.pair_crash_fate import declared

FIRST = ("journal", "journalled", "sent", "ack", "partial", "full")
POINTS = (  # the twelve of B2; a rollback is what the start after a lock without its second leg does
    *(("first", moment) for moment in FIRST),
    ("second", "sent"), ("second", "partial"), ("second", "full"),
    ("second", "journalled"), ("rollback", "journalled"), ("rollback", "sent"),
)  # fmt: skip
PACE = (
    "passiveMs: 400, openMs: 4000, emaFast: 3, emaSlow: 8, bandMinSamples: 5, bandSigma: 1.0, tMaxSec: 3, exitMaxSec: 2"
)
BASE = 0.01  # coins a leg
CLEAN_S = 5.0  # from the end of the reconciliation to a pair that is what it declares
START_S, DEATH_S, LOOK_S, PATIENCE_S = 60.0, 40.0, 0.05, 20.0


@dataclass
class Start:
    """Seconds from the exec of a core to its first word, to the end of its reconciliation, and to a clean pair."""

    word_s: float = -1.0
    paused_s: float = -1.0
    clean_s: float = -1.0
    wrong: list[str] = field(default_factory=lambda: ["no word of the core"])


@dataclass
class Kill:
    """One death and what became of it."""

    role: str
    moment: str
    died: bool = False  # at its point; False = it was never reached and we killed
    found: str = ""  # cell on the disk at the next start
    rests: str = ""
    start: Start | None = None  # the next that was looked at


class Arena:
    """`lots` of both legs and `open_orders` are the venues' own word."""

    def __init__(self, state_dir: Path, urls: list[str]) -> None:
        self.state_dir, self.urls = state_dir, urls
        self.config = state_dir / "pair.yml"
        made = pair_of(STAGES, urls, 1, PACE).replace("gPct: 0.00005", "gPct: 0.00002")
        self.config.write_text(made.replace("stopLossFirstLeg: 0.2", "stopLossFirstLeg: 0.001"), encoding="utf-8")
        self.keys = {name: value for stage in STAGES for name, value in keys_of(stage).items()}
        self.instruments = [find_instrument(stage.dialect, stage.symbol) for stage in STAGES]
        long, short = self.instruments
        self.grains = grains_of(f"{long.lot:.12f}", f"{short.lot:.12f}")
        self.mins = [x.min_lots for x in self.instruments]
        self.kills: list[Kill] = []

    # the venues ------------------------------------------------------------------------------------------------------

    def books(self) -> list[dict[str, Any]]:
        """Each venue's own."""
        found = []
        for url in self.urls:
            with urllib.request.urlopen(f"{url}/_venue/books", timeout=10) as answer:
                found.append(json.loads(answer.read()))
        return found

    def saga(self) -> Any:
        """What the disk says of the pair; None before the first write."""
        path = self.state_dir / FILE
        if not path.exists():
            return None
        [of_account] = msgspec.msgpack.decode(path.read_bytes(), type=tuple[KeptPairs, ...])
        [pair] = of_account.pairs
        saga = Saga()
        saga.load(pair.blocks["saga"].raw)
        return saga.s

    def verdict(self) -> list[str]:
        """What is wrong of the pair by the venues' word; empty = nothing. Books, record, books again: of one time."""
        before, s, books = self.books(), self.saga(), self.books()
        if before != books:
            return ["the books move"]
        a, b = (sum(row[1] for row in book["positions"]) for book in books)
        said = [f"leg {leg}: orders stand" for leg, book in enumerate(books)
                if any(order["status"] == "open" for order in book["orders"])]  # fmt: skip
        if s is None:
            return said + ([] if a == b == 0 else ["a position without a record"])
        return said + declared(s, self.grains, self.mins, a, b)

    def always(self) -> list[str]:
        """No client id twice, no leg larger than one leg's size at any time, by every fill that the venues have."""
        said = []
        for leg, (book, x) in enumerate(zip(self.books(), self.instruments, strict=True)):
            clients = [order["client"] for order in book["orders"]]
            if len(clients) != len(set(clients)):
                said.append(f"leg {leg}: a create came twice")
            most, pos = 0, 0
            for trade in book["trades"]:
                pos += trade["qty"] if trade["side"] == 0 else -trade["qty"]
                most = max(most, abs(pos))
            if most > round(BASE / x.lot):
                said.append(f"leg {leg}: {most} lots at the most, {round(BASE / x.lot)} planned")
        return said

    # cores -----------------------------------------------------------------------------------------------------------

    def start(self, *point: str) -> subprocess.Popen[bytes]:
        """A live core; `point` = where it kills itself."""
        words = ["--state-dir", str(self.state_dir), "--metrics-port", "0", "run", "--headless", "--mode", "live"]
        module = ["-m", "tests.process.pair_kill_core", *(point or ("none", ""))]
        with (self.state_dir / "core.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *module, *words, "--config", str(self.config)],
                cwd=ROOT, env=environment(**self.keys), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def run_state(self) -> str:
        """The run state as the core says it; nothing while nobody answers."""
        with contextlib.suppress(PerpError, OSError), ControlClient(self.state_dir) as client:
            return str(client.ask(Status()).body.get("run", ""))
        return ""

    def tell(self, command: AnyCommand) -> None:
        with ControlClient(self.state_dir, timeout_s=5.0) as client:
            reply = client.ask(Do(command=command))
            assert reply.ok, (reply.text, client.ask(Status()).body, self.tail())

    def clean(self, child: subprocess.Popen[bytes]) -> Start:
        """Watch a start until the pair is what it declares, the limit is over, or it died."""
        begun, out = time.monotonic(), Start()
        while child.poll() is None:
            now, run = time.monotonic() - begun, self.run_state()
            if run and out.word_s < 0:
                out.word_s = now
            if run == "PAUSED":
                out.paused_s = now if out.paused_s < 0 else out.paused_s
                out.wrong = self.verdict()
                if not out.wrong:
                    out.clean_s = time.monotonic() - begun
                    return out
            if now > START_S or (out.paused_s >= 0 and now - out.paused_s > PATIENCE_S):
                break
            time.sleep(LOOK_S)
        return out

    def tail(self) -> str:
        """The last words of the cores, for a failure."""
        logs = sorted((self.state_dir / "logs").glob("*")) if (self.state_dir / "logs").exists() else []
        files = [self.state_dir / "core.log", *logs[-1:]]
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in files)


def wait_death(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it killed itself; else we kill it."""
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return False
    return child.returncode == -9


@contextlib.contextmanager
def arena(state_dir: Path, seed: int) -> Iterator[Arena]:
    """The venues live until the block ends."""
    with running("-m", "tests.process.pair_kill_venues", str(seed), **environment()) as venues:
        yield Arena(state_dir, hear(venues)["urls"])


def cell_of(s: Any) -> str:
    return w.STATE_NAMES[s.state] if s is not None else "none"

"""A core made of a thread that answers commands and publishes fabricated pictures: the server needs no more."""

from __future__ import annotations

import threading
from pathlib import Path

from core.clock import SystemClock
from core.control.desk import Desk
from core.control.server import ControlServer
from core.domain.commands import Answer, Flatten, Halt
from core.domain.snapshot import OrderRow, PositionRow, Round, Snapshot, State
from core.guard.gate import GateFlag
from core.guard.latch import Latch


def order_row(number: int, ours: bool = True) -> OrderRow:
    return OrderRow(
        id=f"a{number}", venue="paper", symbol="ETHUSDC", side="BUY", price=2500.0, price_digits=2, size=0.01,
        size_digits=3, left=0.01, state="LIVE", age_s=1.0, queue=0.5, key="layer 0", ours=ours,
    )  # fmt: skip


def position_row(size: float) -> PositionRow:
    return PositionRow(
        venue="paper", symbol="ETHUSDC", size=size, size_digits=3, entry=2500.0, mark=2501.0, price_digits=2,
        unrealised=1.0, buffer=0.4, liquidation=1500.0, margin="isolated", ts=1,
    )  # fmt: skip


def picture(run: str = "RUNNING", orders: int = 2, positions: int = 1, verified: str = "unverified") -> Snapshot:
    return Snapshot(
        seq=1,
        ts=1_000,
        account="paper-1",
        state=State(run=run, orders_left=orders, positions_left=positions, verified=verified),
        round=Round(number=3),
        orders=tuple(order_row(n) for n in range(orders)),
        positions=tuple(position_row(0.01) for _ in range(positions)),
    )


class FakeCore:
    """Answers each command; on Halt cancels its orders, on Flatten also closes its position. `freeze()` stops that."""

    def __init__(self, state_dir: Path, reports: Path | None = None, uid: int | None = None) -> None:
        self.gate = GateFlag(SystemClock(), Latch(state_dir))
        self.desk = Desk(self.gate)
        self.server = ControlServer(self.desk, state_dir, reports, uid=uid)
        self.seen: list[object] = []
        self.never_done = False  # one of its venues does not answer: FLATTENING, for ever, and pictures of it
        self._wake = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self._end = False
        self.desk.connect(self._wake.set)
        self.desk.publish(picture())
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.server.start()
        self._thread.start()

    def freeze(self) -> None:
        self._go.clear()

    def recover(self) -> None:
        """The venue answers again."""
        self.never_done = False
        self.desk.publish(picture("FLAT", 0, 0, "sealed"))

    def thaw(self) -> None:
        self._go.set()

    def _run(self) -> None:
        while not self._end:
            self._wake.wait(0.2 if self.never_done else None)
            self._wake.clear()
            self._go.wait()
            if self.never_done and self.gate.closed:
                self.desk.publish(picture("FLATTENING", 1))
            for command in self.desk.take():
                self.seen.append(command)
                self.desk.answer(Answer(id=command.id, ok=True, text=type(command).__name__))
                if self.never_done:
                    continue
                if isinstance(command, Halt):
                    self.desk.publish(picture("HALTING", 1))
                    self.desk.publish(picture("HALTED", 0, 1, "sealed"))
                elif isinstance(command, Flatten):
                    self.desk.publish(picture("FLATTENING", 0))
                    self.desk.publish(picture("FLAT", 0, 0, "sealed"))

    def stop(self) -> None:
        self._end = True
        self._go.set()
        self._wake.set()
        self._thread.join(5)
        self.server.stop()
        self.gate.shut()

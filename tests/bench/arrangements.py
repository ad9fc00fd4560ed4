"""A core in the three arrangements of CONSOLE.md 0: alone, with a console attached to it, inside its console.

Starts them, asks them over their own control socket, ends them by pid. Measures nothing.
"""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from core.control.client import ControlClient
from core.control.protocol import Do, Status
from core.domain.commands import AnyCommand, FinishRound, Rearm, Resume
from core.domain.errors import PerpError
from core.domain.snapshot import LatencyRow, Snapshot
from tests.bench.children import CHECKOUT, environment
from tests.bench.terminal import PROGRAM, Terminal

HEADLESS, ATTACHED, EMBEDDED = "headless", "attached", "embedded"
LIVE = r"mid\s+\d{2,7}\.\d"
CARRY = ("--on-round-end", "carry")


@contextmanager
def fresh_state() -> Iterator[pathlib.Path]:
    """A state dir with a short path, for its socket."""
    with tempfile.TemporaryDirectory(prefix="pb-", ignore_cleanup_errors=True) as name:
        yield pathlib.Path(name) / "s"


@contextmanager
def core(state: pathlib.Path, *words: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """`perpconsole core`, in a session of its own, until the block ends."""
    child = subprocess.Popen(
        [PROGRAM, "--state-dir", state, "--metrics-port", "0", "core", *words], cwd=CHECKOUT,
        env=environment(**env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@dataclass
class Running:
    """One core that quotes, and its screen where it has one."""

    state: pathlib.Path
    screen: Terminal | None
    core_pid: int
    console_pid: int  # 0 = none; the core's own where the console has it inside

    def rest(self, seconds: float) -> None:
        """Wait; a screen is read meanwhile."""
        if self.screen is None:
            time.sleep(seconds)
        else:
            self.screen.rest(seconds)

    def status(self) -> dict[str, Any]:
        with ControlClient(self.state) as client:
            return client.ask(Status()).body

    def until(self, good: Callable[[dict[str, Any]], Any], seconds: float = 30.0, read: bool = True) -> dict[str, Any]:
        """Its status once that is good. Raises TimeoutError. read: False leaves the terminal alone."""
        end = time.perf_counter() + seconds
        body: dict[str, Any] = {}
        while time.perf_counter() < end:
            try:
                body = self.status()
                if good(body):
                    return body
            except PerpError:
                body = {"run": "no answer", "verified": "", "open_orders": None}
                with contextlib.suppress(KeyError):  # what it asks for is not in there
                    if good(body):
                        return body
            self.rest(0.02) if read else time.sleep(0.02)
        raise TimeoutError(f"run {body.get('run')}, gate closed {body.get('gate_closed')}, {body.get('reason')}")

    def do(self, command: AnyCommand) -> None:
        """Raises TimeoutError when it is refused."""
        with ControlClient(self.state) as client:
            reply = client.ask(Do(command=command))
        if not reply.ok:
            raise TimeoutError(reply.text)

    def picture(self) -> Snapshot:
        """The newest picture, over a connection that is closed at once."""
        with ControlClient(self.state) as client:
            return next(client.watch(1.0, 10.0))

    def new_window(self) -> int:
        """End the round: the core's histograms start anew with the next one. Its number."""
        before = int(self.status()["round"]["number"])
        self.do(FinishRound(id=str(time.time_ns())))
        body = self.until(lambda body: body["round"]["number"] > before and body["run"] == "RUNNING")
        return int(body["round"]["number"])

    def rearm(self, read: bool = True) -> None:
        """After a stop that is verified: quoting again. Raises TimeoutError."""
        self.until(lambda body: body["run"] in ("HALTED", "FLAT"), read=read)
        end = time.perf_counter() + 20.0
        while True:
            try:
                self.do(Rearm(id=str(time.time_ns()), word="arm", reason="bench"))
                break
            except TimeoutError:
                if time.perf_counter() > end:
                    raise
            self.rest(0.25) if read else time.sleep(0.25)
        self.do(Resume(id=str(time.time_ns()), word="y"))  # re-armed is PAUSED
        self.until(lambda body: body["run"] == "RUNNING" and not body["gate_closed"], read=read)


@contextmanager
def running(kind: str, *words: str) -> Iterator[Running]:
    """Raises TimeoutError when it does not come to quote, or its screen shows nothing."""
    with fresh_state() as state:
        alone = core(state, *CARRY, *words) if kind != EMBEDDED else nullcontext()
        with alone as child:
            made = Running(state, None, child.pid if child is not None else 0, 0)
            if child is not None:
                made.until(_quotes, 60.0)
            if kind == HEADLESS:
                yield made
                return
            with Terminal(state, *(("attach",) if child is not None else ("run", *CARRY, *words))) as screen:
                if screen.until(LIVE, 60.0) is None:
                    raise TimeoutError(f"the console showed no live frame in 60 s: {screen.text[-200:].strip()!r}")
                made.screen, made.console_pid = screen, screen.child.pid
                made.core_pid = made.core_pid or screen.child.pid
                made.until(_quotes, 60.0)
                yield made


def _quotes(body: dict[str, Any]) -> bool:
    return bool(body["run"] == "RUNNING" and body["open_orders"] and body["kernels"]["form"] == "compiled")


def leg(picture: Snapshot, name: str) -> LatencyRow:
    """One row of the core's own histograms, of the round that runs."""
    return next(row for row in picture.latency if row.name == name)


def cpu_s(pid: int) -> float:
    """Processor seconds of a process by now, all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


TICKS_A_SECOND = 100  # USER_HZ of /proc on every Linux that we run on

"""The emergency stop of the program itself, as processes: a cold `perpconsole panic` beside a frozen live core with
creates on their way, and how soon the venue has no order of a core that is ended or whose terminal is gone.

Judged by the books of a loopback venue in a process of its own. Imports, keys, Q and the end of the holder are all in.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.control.client import ControlClient
from core.control.protocol import Do, Status
from core.domain.commands import Resume
from core.domain.errors import PerpError
from tests.bench.children import CHECKOUT, environment
from tests.bench.table import Row, judged, not_run, quantile, spread
from tests.bench.terminal import PROGRAM, Terminal
from tests.rehearsal.stage import STAGES, config_of

COLD = "cold panic beside a SIGSTOPped live core with creates on their way: sealed and FLAT"
TERM = "SIGTERM of a live core: the venue has no order"
HANG_UP = "hang-up of a live core's terminal, on_terminal_lost: halt: the venue has no order"
DIALECT = "binance_usdm"
ON_ITS_WAY_S = 0.4  # how long the venue holds a create before it acts


class Served:
    """One loopback venue, a state dir beside it, and a profile that trades there."""

    def __init__(self, folder: pathlib.Path) -> None:
        words = ["-m", "app", "--state-dir", str(folder / "v"), "--json", "venue", "serve", "--dialect", DIALECT]
        self.child = subprocess.Popen(
            [sys.executable, *words], cwd=CHECKOUT, env=environment(), stdout=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self.child.stdout is not None
        told = json.loads(self.child.stdout.readline())
        self.url, account = told["url"], told["account"]
        self.keys = {"BINANCE_USDM_API_KEY": account["apiKey"], "BINANCE_USDM_SECRET": account["secret"]}
        self.config, self.state = folder / "live.yml", folder / "s"
        self.config.write_text(config_of(STAGES[DIALECT], self.url, 1), encoding="utf-8")

    def books(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_venue/books", timeout=10) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def orders(self) -> int:
        return sum(order["status"] == "open" for order in self.books()["orders"])

    def fault(self, **rule: Any) -> None:
        request = urllib.request.Request(f"{self.url}/_venue/fault", json.dumps(rule).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10):
            return

    def words(self) -> list[str]:
        return ["--mode", "live", "--config", str(self.config)]

    def resumed(self) -> None:
        """Until the core that runs quotes at the venue. Raises TimeoutError."""

        def go() -> bool:
            try:
                with ControlClient(self.state) as client:
                    if client.ask(Status()).body.get("run") == "PAUSED":
                        client.ask(Do(command=Resume(id=str(time.time_ns()), word="y")))
            except (PerpError, OSError):
                return False
            return self.orders() >= 2

        until(go, "quotes at the venue", 60.0, 0.1)

    def end(self) -> None:
        self.child.terminate()
        self.child.wait(10)


def until(true: Callable[[], bool], what: str, seconds: float, pause_s: float = 0.01) -> float:
    """ms until it was true. Raises TimeoutError."""
    began = time.perf_counter()
    while not true():
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"Expected {what} within {seconds:g} s, was not so")
        time.sleep(pause_s)
    return (time.perf_counter() - began) * 1e3


def last_order(at: Served, over: Callable[[], bool]) -> float:
    """ms from now to the last look at the venue's books that showed an order, one every 10 ms until `over`. Raises
    TimeoutError."""
    began = time.perf_counter()
    last = 0.0

    def look() -> bool:
        nonlocal last
        ended = over()  # first: an order seen after it is one too many, and counted
        if at.orders():
            last = (time.perf_counter() - began) * 1e3
        return ended

    until(look, "the end of the stop", 30.0)
    return last


@contextmanager
def venue() -> Iterator[Served]:
    with tempfile.TemporaryDirectory(prefix="pb-", ignore_cleanup_errors=True) as name:
        made = Served(pathlib.Path(name))
        try:
            yield made
        finally:
            made.end()


@contextmanager
def headless(at: Served) -> Iterator[subprocess.Popen[bytes]]:
    """A live core that quotes."""
    words = ["--state-dir", str(at.state), "--metrics-port", "0", "run", "--headless", *at.words()]
    child = subprocess.Popen(
        [PROGRAM, *words], cwd=CHECKOUT, env=environment(**at.keys), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        at.resumed()
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Three rows; `PERP_TIMES=100`: so many ends by a signal and by a hang-up."""
    cold = 3 if quick else 20
    ends = int(os.environ.get("PERP_TIMES", cold))
    return [
        _row(COLD, 11_000.0, _cold, cold, say),
        _row(TERM, 2_000.0, _term, ends, say),
        _row(HANG_UP, 2_000.0, _hang_up, ends, say),
    ]


def _row(title: str, most_ms: float, measure: Callable[[], float], n: int, say: Callable[[str], None]) -> Row:
    wanted = f"<= {most_ms / 1e3:g} s" + (" p99" if title == COLD else "")
    found: list[float] = []
    for _ in range(n):
        try:
            found.append(measure())
        except (AssertionError, TimeoutError) as error:
            return not_run(title, wanted, f"after {len(found)} of {n}: {error}")
    say(f"{title}: {spread(found, 0, ' ms')}")
    p50, p99 = quantile(found, 0.5), quantile(found, 0.99)
    return judged(
        title, wanted, f"p50 {p50:,.0f} ms, p99 {p99:,.0f} ms (n {n})", p99 <= most_ms, spread(found, 0, " ms")
    )  # fmt: skip


def _cold() -> float:
    """From the start of the command to its end; what the frozen core had sent arrives in between."""
    with venue() as at, headless(at) as child:
        until(lambda: bool(at.books()["positions"]), "a position", 60.0, 0.1)
        at.fault(do="slow", at="POST /fapi/v1/order", seconds=ON_ITS_WAY_S)
        time.sleep(1.0)
        os.kill(child.pid, signal.SIGSTOP)
        began = time.perf_counter()
        done = subprocess.run(
            [PROGRAM, "--state-dir", str(at.state), "--json", "panic"], cwd=CHECKOUT, env=environment(**at.keys),
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        took = (time.perf_counter() - began) * 1e3
        books = at.books()
        left = [order for order in books["orders"] if order["status"] == "open"]
        assert done.returncode == 0 and not left and not books["positions"], (done.stdout[-400:], done.stderr[-400:])
        assert json.loads(done.stdout)["venues"][0]["verified"] == "sealed"
        return took


def _term() -> float:
    with venue() as at, headless(at) as child:
        os.kill(child.pid, signal.SIGTERM)
        took = last_order(at, lambda: child.poll() is not None)
        assert child.wait() == 0 and at.orders() == 0
        return took


def _hang_up() -> float:
    with venue() as at:
        words = ("run", *at.words())
        with Terminal(at.state, *words, PERP__CONSOLE__ON_TERMINAL_LOST="halt", **at.keys) as screen:
            screen.rest(2.0)
            at.resumed()
            screen.drain()
            screen.hang_up()
            took = last_order(at, lambda: _run(at) == "HALTED")
            assert at.orders() == 0
            os.kill(screen.child.pid, signal.SIGKILL)
            screen.child.wait()
        return took


def _run(at: Served) -> str:
    try:
        with ControlClient(at.state) as client:
            return str(client.ask(Status()).body.get("run"))
    except (PerpError, OSError):
        return ""

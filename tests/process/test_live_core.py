"""`run --mode live` as an operator meets it, against a loopback venue: arming, SIGKILL and restart, panic, refusals."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.guard.process import start_ticks
from tests.process.live_venue import Served, served
from tests.process.real_core import asked, command, core, eventually, status, stop, until
from tests.support.canary import leaks, secret_of

pytestmark = pytest.mark.slow


@pytest.fixture(params=["binance_usdm", "hyperliquid"])
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, request.param) as found:
        yield found


@pytest.fixture
def binance(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


def quoting(state_dir: Path, at: Served) -> None:
    """Armed, with orders at the venue."""
    until(state_dir, "PAUSED")
    assert at.open() == [], "K-34: nothing is sent before a person says so"
    assert command(state_dir, "resume", "--word", "y").returncode == 0
    eventually(at.open, "orders at the venue")


@pytest.mark.row("K-34")
def test_live_starts_paused_and_a_sigterm_leaves_no_order_at_the_venue(state_dir: Path, venue: Served) -> None:
    """Going live is an act; the clean end is the venue's word."""
    with core(state_dir, *venue.words, **venue.keys) as child:
        found = until(state_dir, "PAUSED")
        assert (found["mode"], found["network"], found["account"]) == ("TESTNET", "loopback", "rehearsal")
        quoting(state_dir, venue)
        code, err = stop(child)
        assert (code, venue.open()) == (0, []), err
    clients = [order["client"] for order in venue.books()["orders"]]
    assert len(clients) == len(set(clients))
    assert command(state_dir, "replay", str(next((state_dir / "journal").glob("live-*")))).returncode == 0


def test_a_killed_live_core_comes_back_paused_knows_its_position_and_takes_its_orders_over(
    state_dir: Path, binance: Served
) -> None:
    """R-S1: SIGKILL in the middle of trading; fills that came while nobody ran are found in the list of trades."""
    with core(state_dir, *binance.words, **binance.keys) as child:
        quoting(state_dir, binance)
        eventually(lambda: len(binance.books()["trades"]) >= 2, "fills")
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    with core(state_dir, *binance.words, **binance.keys) as child:
        found = until(state_dir, "PAUSED")
        assert (found["foreign_orders"], found["foreign_positions"]) == (0, 0), "what is ours is known as ours"
        held = sum(lots for _, lots, _ in binance.books()["positions"])
        told = asked(state_dir, "position")
        assert sum(round(row["size"] / 0.001) for row in told["positions"]) == held, told
        done = command(state_dir, "panic", "--json", **binance.keys)
        assert done.returncode == 0, done.stdout
        assert binance.open() == [] and binance.books()["positions"] == []
        stop(child)


def test_panic_without_a_core_empties_a_real_account(state_dir: Path, venue: Served) -> None:
    """R-E3, S3-55: the core is dead, its record says where to look, the venue says that nothing is left."""
    with core(state_dir, *venue.words, **venue.keys) as child:
        quoting(state_dir, venue)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    done = command(state_dir, "panic", "--json", **venue.keys)
    assert done.returncode == 0, done.stdout + done.stderr
    assert venue.open() == [] and venue.books()["positions"] == []


def test_where_the_venue_refuses_its_switch_a_watchdog_cancels_what_a_killed_core_left(
    state_dir: Path, tmp_path: Path
) -> None:
    """R-S1, issue 3 point 4: on screen who watches; nothing of ours rests a few seconds after SIGKILL."""
    with served(tmp_path, "hyperliquid", "--dead-man-volume", "1000000") as at:
        with core(state_dir, *at.words, **at.keys) as child:
            quoting(state_dir, at)
            eventually(lambda: (state_dir / "watchdog.json").exists(), "a watchdog")
            eventually(lambda: "watching" in (state_dir / "watchdog.log").read_text(), "a watchdog that watches")
            eventually(at.open, "orders at the venue")
            watchdog = json.loads((state_dir / "watchdog.json").read_text())["me"]["pid"]
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        eventually(lambda: at.open() == [], "no order of ours", 30.0)
        eventually(lambda: start_ticks(watchdog) is None, "the watchdog gone, its work proven", 60.0)
        with core(state_dir, *at.words, **at.keys) as child:
            until(state_dir, "PAUSED")
            stop(child)


def test_a_second_live_start_is_refused_and_the_first_trades_on(state_dir: Path, binance: Served) -> None:
    """UC-07."""
    with core(state_dir, *binance.words, **binance.keys) as child:
        quoting(state_dir, binance)
        done = command(state_dir, "run", "--headless", *binance.words, **binance.keys)
        assert done.returncode == 1 and str(child.pid) in done.stderr
        assert status(state_dir)["run"] == "RUNNING"
        stop(child)


def test_one_core_an_account_whatever_the_state_dir_and_a_halt_holds_for_the_account(
    state_dir: Path, binance: Served, tmp_path: Path
) -> None:
    """R-W1, R-W6: another state dir is no way round the lock, nor round the latch."""
    other = tmp_path / "other"
    with core(state_dir, *binance.words, **binance.keys) as child:
        quoting(state_dir, binance)
        done = command(other, "run", "--headless", *binance.words, **binance.keys)
        assert done.returncode == 1 and f"pid {child.pid}" in done.stderr, done.stderr
        assert command(state_dir, "halt", "--reason", "drill").returncode in (0, 2)
        until(state_dir, "HALTED")
        assert binance.open() == []
        time.sleep(1.5)  # the latch of the account is written with its heartbeat
        stop(child)
    with core(other, *binance.words, **binance.keys) as child:
        found = until(other, "HALTED")
        assert found["gate_closed"] is True
        assert binance.open() == []
        stop(child)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("live: true", "live: false"),
        ("network: loopback, url:", "network: mainnet, keys: {source: env}, url:"),
        ("symbol: ETHUSDC", "symbol: NOTHING"),
    ],
)
def test_what_live_needs_is_refused_in_one_line_before_anything_starts(
    state_dir: Path, binance: Served, change: str, words: str
) -> None:
    """R-C1."""
    text = binance.config.read_text()
    assert change in text
    binance.config.write_text(text.replace(change, words))
    done = command(state_dir, "run", "--headless", *binance.words, **binance.keys)
    assert done.returncode == 1 and "Expected" in done.stderr and "Traceback" not in done.stderr
    assert binance.open() == []


def test_wrong_keys_are_one_clear_error_and_never_shown(state_dir: Path, venue: Served) -> None:
    """R-X2: the venue refuses the key; no file, no line holds it."""
    secret = secret_of(9)
    keys = {name: secret if "SECRET" in name else "0x" + "77" * 32 if "PRIVATE" in name else value
            for name, value in venue.keys.items()}  # fmt: skip
    done = command(state_dir, "run", "--headless", *venue.words, **keys)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "key" in done.stderr.lower() or "wallet" in done.stderr.lower() or "signature" in done.stderr.lower()
    said = done.stdout + done.stderr + "".join(
        path.read_text(errors="replace") for path in state_dir.rglob("*") if path.is_file()
    )  # fmt: skip
    assert leaks(said, secret) == [] and "77" * 32 not in said


def log_of(state_dir: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in (state_dir / "logs").glob("*"))


def test_no_key_of_a_live_run_stands_in_any_file_or_page(state_dir: Path, binance: Served) -> None:
    """R-X2, issue 3: the canary is the real key of the session."""
    with core(state_dir, *binance.words, **binance.keys) as child:
        quoting(state_dir, binance)
        binance.fault(do="drop_after", at="POST /fapi/v1/order", times=2)
        eventually(lambda: len(binance.books()["orders"]) > 8, "more orders")
        binance.fault(do="status", at="GET /fapi/v1/openOrders", status=401, code=-2015, text="bad key", times=1)
        eventually(lambda: "401" in log_of(state_dir) or "-2015" in log_of(state_dir), "the refusal in the log")
        said = command(state_dir, "status", "--json").stdout
        _, err = stop(child)
    told = said + err + "".join(
        path.read_bytes().decode("latin-1") for path in state_dir.rglob("*") if path.is_file()
    )  # fmt: skip
    for value in binance.keys.values():
        assert leaks(told, value) == []
    assert "signature=" not in told

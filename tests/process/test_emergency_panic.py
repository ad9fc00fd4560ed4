"""`perpconsole panic` as processes at a real wire: beside a living core, killed at every step, from two terminals at
once; the books of the venue as the judge (RELIABILITY.md section 5: "idempotent", "panic elsewhere", scope)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.corethread import spawn_panic
from core.config.instruments import find_instrument
from core.control.venue_record import KeySource, VenueRecord, traded_of, write_venues
from core.guard.latch import Latch
from core.guard.private import private_dir
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.identity import Identity, text_of
from tests.process.live_venue import Served, served
from tests.process.real_core import command, core, environment, eventually, until
from tests.process.running import ROOT, end
from tests.venues.wire import binance_hall

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
EPOCH = 0x4D
ETH, BTC = "ETH/USDC:USDC", "BTC/USDT:USDT"


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Served]:
    """Two instruments, of which a core of ours trades ETHUSDC alone."""
    with served(tmp_path, "binance_usdm", "--symbol", "ETHUSDC", "--symbol", "BTCUSDT", "--equity", "1000000") as at:
        yield at


def put(at: Served, symbol: str, orders: int, size: float, ours: bool = True) -> None:
    """Resting bids far below the market, and a position."""

    async def place() -> None:
        key, secret = at.keys["BINANCE_USDM_API_KEY"], at.keys["BINANCE_USDM_SECRET"]
        async with binance_hall.client(at, key, secret) as exchange:  # type: ignore[arg-type]
            bid = (await exchange.fetch_order_book(symbol, 5))["bids"][0][0]
            for n in range(orders):
                params = {"clientOrderId": name(n)}
                price = float(exchange.price_to_precision(symbol, bid * (0.97 - n / 2_000)))
                await exchange.create_order(symbol, "limit", "buy", 0.01, price, params)
            if size:
                await exchange.create_order(symbol, "market", "buy", size, None, {"clientOrderId": name(900)})

    def name(n: int) -> str:
        put.count += 1  # type: ignore[attr-defined]
        number = put.count  # type: ignore[attr-defined]
        return text_of(Identity(EPOCH, 1, number * 128 + 1), "pc") if ours else f"web_{number}"

    asyncio.run(place())


put.count = 0  # type: ignore[attr-defined]


def record(at: Served, state_dir: Path) -> None:
    """As a core that is dead has left it."""
    instrument = find_instrument("binance_usdm", "ETHUSDC")
    traded = (traded_of(instrument, BinanceUsdm().symbol(instrument)),)
    private_dir(state_dir)
    write_venues(state_dir, [VenueRecord("binance_usdm", "loopback", KeySource(), traded, EPOCH, url=at.url)])


def empty(at: Served) -> bool:
    return not at.open() and not at.books()["positions"]


def never_short(at: Served) -> bool:
    """Every position was long: no close went through zero."""
    held: dict[int, int] = {}
    for trade in sorted(at.books()["trades"], key=lambda row: row["id"]):
        i = trade["instrument"]
        held[i] = held.get(i, 0) + (trade["qty"] if trade["side"] == 0 else -trade["qty"])
        if held[i] < 0:
            return False
    return True


@contextlib.contextmanager
def panic(state_dir: Path, at: Served, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command, as text line by line."""
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "app", "--state-dir", str(state_dir), *words, "panic"],
        cwd=ROOT, env=environment(**at.keys), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        end(child)


def result(state_dir: Path, at: Served, *words: str) -> dict[str, Any]:
    done = command(state_dir, "--json", "panic", *words, **at.keys)
    body: dict[str, Any] = json.loads(done.stdout)
    assert body["code"] == done.returncode, done.stderr
    return body


@pytest.mark.row("S3-55")
def test_panic_beside_a_living_core_stops_what_the_core_does_not_trade_too(state_dir: Path, venue: Served) -> None:
    """Scope `account`: a core knows its own instruments; exit 0 means the whole account, and the core lives."""
    with core(state_dir, *venue.words, **venue.keys) as child:
        until(state_dir, "PAUSED")
        put(venue, BTC, 3, 0.05, ours=False)
        assert command(state_dir, "resume", "--word", "y").returncode == 0
        eventually(lambda: any(order["instrument"] == 0 for order in venue.open()), "quotes of ours")
        body = result(state_dir, venue)
        assert (body["code"], empty(venue)) == (0, True), body
        assert [one["venue"] for one in body["venues"]] == ["core", "binance_usdm loopback"]
        assert child.poll() is None, "a core that obeys is not killed"
        until(state_dir, "FLAT")


def test_panic_beside_a_living_core_without_keys_says_what_was_not_looked_at(state_dir: Path, venue: Served) -> None:
    """Exit 3: what the core trades is flat, of the rest of the account nothing is known."""
    with core(state_dir, *venue.words, **venue.keys):
        until(state_dir, "PAUSED")
        put(venue, BTC, 1, 0.0, ours=False)
        done = command(state_dir, "--json", "panic")
        body = json.loads(done.stdout)
        assert done.returncode == 3, body
        assert [one["code"] for one in body["venues"]] == [0, 3]
        assert "only what the core trades was stopped there" in body["venues"][1]["text"]
        assert len(venue.open()) == 1
        only = command(state_dir, "--json", "panic", "--scope", "ours")
        assert only.returncode == 0, "ours alone needs no key of ours"


def test_one_instrument_beside_a_living_core_leaves_the_others_positions(state_dir: Path, venue: Served) -> None:
    """S3-55: SYMBOL narrows what is closed; the halt is of all."""
    with core(state_dir, *venue.words, **venue.keys):
        until(state_dir, "PAUSED")
        put(venue, BTC, 1, 0.05, ours=False)
        put(venue, ETH, 0, 0.5, ours=False)
        body = result(state_dir, venue, "--symbol", "BTCUSDT")
        assert body["code"] == 0, body
        assert venue.open() == [] and [row[0] for row in venue.books()["positions"]] == [0]
        stop = Latch(state_dir).read()
        assert stop is not None and stop.verb == "halt", "a restart must not go on with a flatten of everything"


@pytest.mark.parametrize("step", ["E1", "holder", "cancel", "orders", "close", "positions"])
def test_a_panic_killed_at_any_step_is_run_again_and_ends_flat(state_dir: Path, venue: Served, step: str) -> None:
    """A crash in any step resumes at E3 and stays latched; nothing is closed twice."""
    put(venue, ETH, 15, 3.0)
    put(venue, BTC, 5, 0.05, ours=False)
    record(venue, state_dir)
    with panic(state_dir, venue) as child:
        assert child.stdout is not None
        seen = []
        for line in child.stdout:
            seen.append(line)
            if f" ms  {step} " in line:
                os.kill(child.pid, signal.SIGKILL)
                break
        assert child.wait(10) == -signal.SIGKILL, "".join(seen)
    assert Latch(state_dir).engaged()
    body = result(state_dir, venue)
    assert (body["code"], empty(venue), never_short(venue)) == (0, True, True), body
    stop = Latch(state_dir).read()
    assert stop is not None and (stop.state, stop.verb) == ("FLAT", "flatten")
    again = result(state_dir, venue)
    assert again["code"] == 0 and again["stop"]["stop_id"] == body["stop"]["stop_id"]
    assert not [row for row in again["requests"] if row["request"].startswith(("DELETE", "POST"))], "it only verifies"


def test_a_panic_that_starts_by_itself_touches_nothing_of_others(
    state_dir: Path, venue: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-E2, R-E3: a trigger that no person pulled has scope `ours` (R-B1: foreign orders never touched unasked)."""
    put(venue, ETH, 3, 0.5)
    put(venue, ETH, 2, 0.0, ours=False)
    put(venue, BTC, 1, 0.0, ours=False)
    record(venue, state_dir)
    for key, value in environment(**venue.keys).items():
        monkeypatch.setenv(key, value)
    child = spawn_panic(state_dir, state_dir / "reports")
    assert child.wait(60) == 2, (state_dir / "panic.log").read_text()
    left = venue.open()
    assert len(left) == 3 and all(order["client"].startswith("web_") for order in left)
    assert [row[0] for row in venue.books()["positions"]] == [0], "a halt keeps positions"


def test_two_panics_from_two_terminals_both_end_flat(state_dir: Path, venue: Served) -> None:
    put(venue, ETH, 15, 3.0)
    put(venue, BTC, 5, 0.05, ours=False)
    record(venue, state_dir)
    with panic(state_dir, venue, "--json") as first, panic(state_dir, venue, "--json") as second:
        bodies = [json.loads(child.communicate(timeout=90)[0]) for child in (first, second)]
        assert [child.returncode for child in (first, second)] == [0, 0], bodies
    assert empty(venue) and never_short(venue)
    assert len({body["stop"]["stop_id"] for body in bodies}) == 1
    assert len({body["report"] for body in bodies}) == 2

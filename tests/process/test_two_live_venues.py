"""`run --mode live` with two venues of different dialects in one config, as an operator meets it: one core, two
accounts, SIGKILL and restart, a watchdog for the venue without a switch, halt, position, panic."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.config.instruments import find_instrument
from core.guard.process import start_ticks
from tests.process.live_venue import Served, served
from tests.process.real_core import asked, command, core, eventually, stop, until
from tests.rehearsal.stage import BINANCE, HYPERLIQUID, LONG_LEG, pair_of, several

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
LOTS = {"ETHUSDC": 0.001, "BTC": 0.00001}  # base coins a lot


class Two(NamedTuple):
    """Both venues, one config."""

    first: Served
    second: Served
    words: tuple[str, ...]
    keys: dict[str, str]

    def open(self) -> list[int]:
        return [len(at.open()) for at in (self.first, self.second)]

    def clients(self) -> set[str]:
        """Client ids of all open orders."""
        return {str(order["client"]) for at in (self.first, self.second) for order in at.open()}

    def held(self) -> dict[str, int]:
        """Lots by symbol as the venues themselves have them."""
        found = {}
        for at, symbol in ((self.first, "ETHUSDC"), (self.second, "BTC")):
            lots = sum(row[1] for row in at.books()["positions"])
            if lots:
                found[symbol] = lots
        return found


@contextlib.contextmanager
def two(tmp_path: Path, *more: str) -> Iterator[Two]:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with served(tmp_path / "a") as first, served(tmp_path / "b", "hyperliquid", *more) as second:
        config = tmp_path / "two.yml"
        config.write_text(several([BINANCE, HYPERLIQUID], [first.url, second.url], 1), encoding="utf-8")
        yield Two(first, second, ("--mode", "live", "--config", str(config)), first.keys | second.keys)


@pytest.fixture
def venues(tmp_path: Path) -> Iterator[Two]:
    with two(tmp_path) as found:
        yield found


def quoting(state_dir: Path, at: Two) -> None:
    until(state_dir, "PAUSED")
    # a paused core's exits may be on their way: it is refused until a comparison is clean again
    eventually(lambda: command(state_dir, "resume", "--word", "y").returncode == 0, "a resume that is accepted")
    eventually(lambda: all(at.open()), "orders at both venues")


def listed(state_dir: Path, **keys: str) -> dict[str, Any]:
    """`position --verify --json`."""
    done = command(state_dir, "--json", "position", "--verify", **keys)
    body: dict[str, Any] = json.loads(done.stdout)
    return body


def sizes(told: dict[str, Any]) -> dict[str, int]:
    """Lots by symbol of an answer to `position`."""
    return {row["symbol"]: round(row["size"] / LOTS[row["symbol"]]) for row in told["positions"] if row["size"]}


def listed_at_rest(state_dir: Path, at: Two) -> dict[str, Any]:
    """The list of a core that is gone, equal to the venues' own; what it left resting may fill while we look."""
    found: list[dict[str, Any]] = []

    def equal() -> bool:
        before = at.held()
        found.append(listed(state_dir, **at.keys))
        assert found[-1]["not_read"] == [], found[-1]
        same = {row["symbol"]: row["lots"] for row in found[-1]["positions"]} == before
        assert same or before != at.held(), (before, found[-1])
        return same

    eventually(equal, "a list taken while nothing filled", 60.0)
    return found[-1]


def test_a_killed_core_finds_both_positions_again_and_a_halt_empties_both_venues(state_dir: Path, venues: Two) -> None:
    """Issue 4 point 6; R-S1, R-B1, R-E3: the venues' own word for orders and positions of both."""
    with core(state_dir, *venues.words, **venues.keys) as child:
        until(state_dir, "PAUSED")
        assert venues.open() == [0, 0], "K-34: nothing is sent before a person says so"
        quoting(state_dir, venues)
        eventually(lambda: len(venues.held()) == 2, "positions at both venues")
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    left = venues.clients()
    with core(state_dir, *venues.words, **venues.keys) as child:
        found = until(state_dir, "PAUSED")
        assert (found["foreign_orders"], found["foreign_positions"]) == (0, 0), "what is ours is known as ours"
        eventually(lambda: not left & venues.clients(), "orders of the killed core taken over and cancelled")
        # exits of a paused core may stand, and fill
        eventually(lambda: sizes(asked(state_dir, "position")) == venues.held(), "positions as held there")
        quoting(state_dir, venues)
        assert command(state_dir, "halt", "--reason", "drill").returncode in (0, 2)
        until(state_dir, "HALTED")
        assert venues.open() == [0, 0]
        body = listed(state_dir)
        assert body["source"] == "venue" and body["orders"] == [] and "error" not in body
        assert {row["symbol"]: row["lots"] for row in body["positions"]} == venues.held()
        assert {row["venue"] for row in body["positions"]} <= {"binance_usdm", "hyperliquid"}
        code, err = stop(child)
        assert code == 0, err
    for at in (venues.first, venues.second):
        clients = [order["client"] for order in at.books()["orders"]]
        assert len(clients) == len(set(clients)) > 0
    journals = sorted((state_dir / "journal").glob("live-*.perpj"))
    assert len(journals) == 2
    for journal in journals:
        done = command(state_dir, "replay", str(journal))
        assert done.returncode == 0, done.stderr


def test_without_a_core_position_and_panic_know_both_accounts(state_dir: Path, venues: Two) -> None:
    """S3-55: the record says where to look; one command empties both."""
    with core(state_dir, *venues.words, **venues.keys) as child:
        quoting(state_dir, venues)
        eventually(lambda: len(venues.held()) == 2, "positions at both venues")
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    body = listed_at_rest(state_dir, venues)
    rows = [*body["positions"], *body["orders"]]
    assert {row["venue"] for row in rows} == {"binance_usdm loopback", "hyperliquid loopback"}, body
    done = command(state_dir, "panic", "--json", **venues.keys)
    assert done.returncode == 0, done.stdout + done.stderr
    assert venues.open() == [0, 0] and venues.held() == {}


def test_the_venue_without_a_switch_gets_the_watchdog_and_the_other_keeps_its_own(
    state_dir: Path, tmp_path: Path
) -> None:
    """R-S1: after SIGKILL the watchdog empties the one; at the other the venue's own switch stands."""
    with two(tmp_path, "--dead-man-volume", "1000000") as at:
        with core(state_dir, *at.words, **at.keys) as child:
            quoting(state_dir, at)
            eventually(lambda: "watching" in (state_dir / "watchdog.log").read_text(), "a watchdog that watches")
            said = json.loads((state_dir / "watchdog.json").read_text())
            assert said["venues"] == ["hyperliquid loopback"]
            eventually(lambda: all(at.open()), "orders at both venues")
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        eventually(lambda: at.second.open() == [], "no order of ours where the watchdog watches", 30.0)
        eventually(lambda: start_ticks(said["me"]["pid"]) is None, "the watchdog gone, its work proven", 60.0)
        eventually(lambda: at.first.open() == [], "no order of ours after the venue's own switch", 90.0)


def test_a_live_start_at_two_venues_is_refused_whole_where_one_refuses_the_key(state_dir: Path, venues: Two) -> None:
    """R-C1: one line, nothing sent to either."""
    name = next(name for name in venues.keys if name.endswith("SECRET"))
    done = command(state_dir, "run", "--headless", *venues.words, **{**venues.keys, name: "w" * 64})
    assert done.returncode == 1 and "binance" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert venues.open() == [0, 0]


def test_check_live_asks_both_venues_and_names_each(state_dir: Path, venues: Two) -> None:
    """S1-50: the same items for each, with the venue's name."""
    done = command(state_dir, "--json", "check", "--live", *venues.words[2:], **venues.keys)
    body = json.loads(done.stdout)
    by_venue: dict[str, set[str]] = {}
    for item in body["items"]:
        by_venue.setdefault(item["venue"], set()).add(item["name"])
    assert {"clock", "signing", "open orders", "positions", "dead-man's switch"} <= by_venue["binance_usdm"]
    assert {"clock", "signing", "open orders", "positions", "dead-man's switch"} <= by_venue["hyperliquid"]
    assert {"config", "planned orders", "round on record"} <= by_venue[""]
    assert "-- hyperliquid --" in body["text"] and venues.open() == [0, 0]


@contextlib.contextmanager
def pair_venues(tmp_path: Path) -> Iterator[Two]:
    """The same with one pair: BTC at both."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with (
        served(tmp_path / "a", "binance_usdm", "--symbol", LONG_LEG.symbol) as first,
        served(tmp_path / "b", "hyperliquid") as second,
    ):
        config = tmp_path / "pair.yml"
        config.write_text(pair_of([LONG_LEG, HYPERLIQUID], [first.url, second.url], 1), encoding="utf-8")
        yield Two(first, second, ("--mode", "live", "--config", str(config)), first.keys | second.keys)


def legs(at: Two) -> tuple[float, float]:
    """Base coins at each venue by its own books."""
    sizes = [sum(row[1] for row in one.books()["positions"]) for one in (at.first, at.second)]
    return sizes[0] * find_instrument("binance_usdm", "BTCUSDT").lot, sizes[1] * find_instrument(
        "hyperliquid", "BTC"
    ).lot


def whole(at: Two) -> bool:
    """Hedged within a lot of the coarser grid."""
    long, short = legs(at)
    return long * short < 0 and abs(long + short) <= find_instrument("binance_usdm", "BTCUSDT").lot + 1e-9


@pytest.mark.row("S1-43")
def test_a_pair_killed_with_one_leg_open_is_taken_up_again_and_ends_hedged_then_flat(
    state_dir: Path, tmp_path: Path
) -> None:
    """SIGKILL as soon as a venue holds a leg; the next start knows both accounts and the saga ends what it began."""
    with pair_venues(tmp_path) as at:
        with core(state_dir, *at.words, **at.keys) as child:
            until(state_dir, "PAUSED")
            assert command(state_dir, "resume", "--word", "y").returncode == 0
            eventually(lambda: any(legs(at)), "a first leg")
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        with core(state_dir, *at.words, **at.keys) as child:
            found = until(state_dir, "PAUSED")
            assert (found["foreign_orders"], found["foreign_positions"]) == (0, 0)
            assert command(state_dir, "resume", "--word", "y").returncode == 0
            eventually(lambda: whole(at), "a hedged pair")
            assert command(state_dir, "halt", "--reason", "drill").returncode in (0, 2)
            until(state_dir, "HALTED")
            assert at.open() == [0, 0]
            body = listed(state_dir)
            assert {row["venue"] for row in body["positions"]} == {"binance_usdm", "hyperliquid"} and whole(at)
            assert stop(child)[0] == 0
        for journal in sorted((state_dir / "journal").glob("live-*.perpj")):
            done = command(state_dir, "replay", str(journal))
            assert done.returncode == 0, done.stderr
        body = json.loads(command(state_dir, "--json", "check", "--live", *at.words[2:], **at.keys).stdout)
        margins = [item["found"] for item in body["items"] if item["name"].startswith("margin ")]
        assert margins == ["isolated 10x", "isolated 10x"], margins
        told = {
            item["name"]: item["found"] for item in body["items"] if set(item["rows"]) & {"S1-53", "S1-54", "S1-56"}
        }
        assert (
            set(told) == {"atomic rollback", "backup venue", "slippage budget"} and " bp, " in told["slippage budget"]
        )
        assert command(state_dir, "panic", "--json", **at.keys).returncode == 0
        assert legs(at) == (0, 0) and at.open() == [0, 0]

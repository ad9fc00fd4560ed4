"""`panic` without a core at a real venue's wire: ccxt's own class, HTTP, and the venue's own books as the judge."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from core.control.outcome import AUTH_FAILED, CANNOT_START, FLAT_SEALED, ORDERS_ZERO
from core.domain.errors import Refused
from core.domain.order import IOC, LIMIT, REDUCE_ONLY
from core.domain.units import BUY
from core.guard.latch import Latch
from core.venues.identity import read_text
from core.venues.wire.faults import Rule
from tests.process.running import ROOT
from tests.venues.ccxt import panic_hall
from tests.venues.ccxt.panic_hall import EPOCH, FREE, KEYS, OTHER_EPOCH, left, long, ours, panic, record, rest
from tests.venues.wire.hyperliquid_hall import KEY, STRANGER_KEY, USER, eventually, venue


@pytest.mark.slow
@pytest.mark.row("S3-55")
async def test_panic_leaves_no_order_and_no_position_in_the_venues_own_books(state_dir: Path) -> None:
    """S3-56, R-E3 to R-E8: forty orders, two epochs of ours, a foreign one, a position, and no core."""
    async with venue(rules=FREE) as at:
        ours(at, 37)
        ours(at, 2, OTHER_EPOCH)
        rest(at, "0x" + "ab" * 16)
        long(at)
        record(at, state_dir)
        assert left(at)[0] == 40
        code, evidence = await asyncio.to_thread(panic, state_dir)
        assert code == FLAT_SEALED, evidence.body()
        assert left(at) == (0, [0])
        closes = [order for order in at.exchange.books.orders if order.client and order.created > evidence.started]
        epochs = {identity.epoch for order in closes if (identity := read_text(order.client)) is not None}
        assert len(epochs) == 1 and not epochs & {EPOCH, OTHER_EPOCH}, "closes carry an id of ours, of this run"
        assert [outcome.verified for outcome in evidence.outcomes] == ["sealed"]
        assert sum(place.startswith("POST /exchange:cancel") for place in at.places()) <= 3, "batches, one signature"
        stop = Latch(state_dir).read()
        assert stop is not None and stop.state == "FLAT"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second empty read after 0.3 s instead of Q: for tests that are not about the seal."""
    for name in ("LIFETIME_NS", "SKEW_NS", "LAG_NS"):
        monkeypatch.setattr(f"core.control.live_account.{name}", 100_000_000)


@pytest.mark.usefixtures("quick")
async def test_scope_ours_leaves_foreign_orders_and_positions_of_instruments_that_we_do_not_trade(
    state_dir: Path,
) -> None:
    async with venue(rules=FREE, coins=("BTC", "SOL")) as at:
        ours(at, 3)
        ours(at, 2, OTHER_EPOCH)
        rest(at, "0x" + "ab" * 16, "")
        rest(at, "0x" + "cd" * 16, instrument=1)
        long(at)
        long(at, instrument=1)
        record(at, state_dir, "BTC")
        code, _ = await asyncio.to_thread(panic, state_dir, scope="ours")
        assert code == FLAT_SEALED
        orders, positions = left(at)
        assert orders == 3 and positions[0] == 0 and positions[1] > 0
        assert all(read_text(order.client) is None for order in at.exchange.books.open_of())


@pytest.mark.usefixtures("quick")
async def test_scope_account_takes_its_roster_from_the_venue_and_not_from_the_record(state_dir: Path) -> None:
    """R-E5: orders and positions of an instrument that no record names."""
    async with venue(rules=FREE, coins=("BTC", "SOL")) as at:
        ours(at, 3)
        rest(at, "0x" + "cd" * 16, "", instrument=1)
        long(at, instrument=1)
        record(at, state_dir, "BTC")
        code, _ = await asyncio.to_thread(panic, state_dir)
        assert (code, left(at)) == (FLAT_SEALED, (0, [0, 0]))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("asked", ["BTC", "btc/usdc:usdc", "BTCUSDC"])
async def test_symbol_as_a_person_types_it_narrows_the_stop(state_dir: Path, asked: str) -> None:
    """S3-55: SYMBOL."""
    async with venue(rules=FREE, coins=("BTC", "SOL")) as at:
        for instrument in (0, 1):
            ours(at, 2, epoch=80 + instrument, instrument=instrument)
            long(at, instrument=instrument)
        record(at, state_dir, "BTC", "SOL")
        code, _ = await asyncio.to_thread(panic, state_dir, symbol=asked)
        orders, positions = left(at)
        assert code == FLAT_SEALED
        assert orders == 2 and positions[0] == 0 and positions[1] > 0


@pytest.mark.usefixtures("quick")
async def test_halt_only_keeps_the_position_and_creates_nothing(state_dir: Path) -> None:
    async with venue(rules=FREE) as at:
        ours(at, 5)
        long(at)
        record(at, state_dir)
        before = len(at.exchange.books.orders)
        code, _ = await asyncio.to_thread(panic, state_dir, verb="halt")
        assert code == ORDERS_ZERO
        orders, positions = left(at)
        assert orders == 0 and positions[0] > 0
        assert len(at.exchange.books.orders) == before
        assert "POST /exchange:order" not in at.places()


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
async def test_venue_that_is_down_for_three_seconds_is_stopped_when_it_is_back(state_dir: Path) -> None:
    """R-E4: asked again until it answers, never called flat before."""
    down = Rule("status", at="POST /*", until_s=3.0, status=503, text="unavailable")
    async with venue(down, rules=FREE) as at:
        ours(at, 5)
        long(at)
        record(at, state_dir)
        code, evidence = await asyncio.to_thread(panic, state_dir)
        assert (code, left(at)) == (FLAT_SEALED, (0, [0]))
        assert any("UNVERIFIED" in step.text or step.step == "failed" for step in evidence.steps)


@pytest.mark.usefixtures("quick")
async def test_answers_that_are_lost_after_the_venue_acted_end_flat_and_never_short(state_dir: Path) -> None:
    """Closes are reduce-only and sized from the last read: a lost answer cannot turn the position round."""
    rules = (
        Rule("drop_after", at="POST /exchange:*", times=3),
        Rule("status_after", at="POST /exchange:*", times=2, skip=3, status=502, text="bad gateway"),
    )
    async with venue(*rules, rules=FREE) as at:
        ours(at, 5)
        long(at)
        record(at, state_dir)
        code, _ = await asyncio.to_thread(panic, state_dir)
        assert (code, left(at)) == (FLAT_SEALED, (0, [0]))
        assert at.server.faults.done, "the faults fired"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seconds", [-30.0, 30.0])
async def test_close_lives_by_the_venues_clock_and_not_by_the_machines(state_dir: Path, seconds: float) -> None:
    """R-N4: with the machine's own time each close would arrive expired, or live on for half a minute."""
    async with venue(Rule("skew", at="venue", times=1, seconds=seconds), rules=FREE) as at:
        long(at)
        record(at, state_dir)
        await eventually(lambda: at.exchange.skew_ns != 0, "the clocks differ")
        code, evidence = await asyncio.to_thread(panic, state_dir)
        assert (code, left(at)) == (FLAT_SEALED, (0, [0])), evidence.body()


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
async def test_nothing_is_asked_inside_a_retry_after_window(state_dir: Path) -> None:
    """R-N2 for the stop, too."""
    ban = Rule("status", at="POST /info:frontendOpenOrders", times=1, status=429, text="slow down", retry_after=2)
    async with venue(ban, rules=FREE) as at:
        ours(at, 5)
        record(at, state_dir)
        code, _ = await asyncio.to_thread(panic, state_dir)
        assert (code, left(at)[0]) == (FLAT_SEALED, 0)
        told = next(asked.ts for asked in at.server.asked if asked.status == 429)
        inside = [asked for asked in at.server.asked if told < asked.ts < told + 2_000_000_000]
        assert inside == []


@pytest.mark.usefixtures("quick")
async def test_key_that_the_venue_does_not_take_is_exit_4_with_what_a_person_does(state_dir: Path) -> None:
    wrong = {"walletAddress": USER, "privateKey": STRANGER_KEY}
    async with venue(rules=FREE) as at:
        ours(at, 2)
        record(at, state_dir)
        code, evidence = await asyncio.to_thread(panic, state_dir, lambda _: wrong)
        assert code == AUTH_FAILED
        assert left(at)[0] == 2
        text = evidence.outcomes[0].text
        assert "by hand: open app.hyperliquid.xyz" in text and "Cancel All" in text and "BTC" in text
        shown = Path(evidence.path).read_text() + json.dumps(evidence.body())
        assert STRANGER_KEY[2:] not in shown and "signature" not in shown


@pytest.mark.usefixtures("quick")
async def test_account_without_keys_is_exit_5_with_steps_and_the_other_account_is_stopped_all_the_same(
    state_dir: Path,
) -> None:
    async with venue(rules=FREE) as at:
        ours(at, 2)
        made = panic_hall.record_of(at)
        keyless = panic_hall.record_of(at, keys=panic_hall.KeySource("env", "OTHER"))
        panic_hall.write_venues(state_dir, [keyless, made])

        def keys(asked: panic_hall.VenueRecord) -> dict[str, str]:
            if asked.keys.name == "OTHER":
                raise Refused("Expected OTHER_PRIVATE_KEY, found none in the environment")
            return KEYS

        code, evidence = await asyncio.to_thread(panic, state_dir, keys)
        assert code == CANNOT_START
        assert left(at)[0] == 0
        failed = next(outcome for outcome in evidence.outcomes if outcome.code == CANNOT_START)
        assert "OTHER_PRIVATE_KEY" in failed.text and "by hand" in failed.text


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("what", ["cancel", "order"])
async def test_venue_that_refuses_again_and_again_is_not_flooded(state_dir: Path, what: str) -> None:
    """R-O6: the same cancels, the same close, each time without effect."""
    no = Rule("status", at=f"POST /exchange:{what}", until_s=5.0, status=502, text="bad gateway")
    async with venue(no, rules=FREE) as at:
        ours(at, 3)
        long(at)
        record(at, state_dir)
        code, _ = await asyncio.to_thread(panic, state_dir)
        assert (code, left(at)) == (FLAT_SEALED, (0, [0]))
        assert 3 <= at.server.faults.done["status"] <= 9
        assert len(at.places()) < 80


@pytest.mark.usefixtures("quick")
async def test_two_panics_at_once_end_flat_and_never_short(state_dir: Path) -> None:
    """Cancels and clamped reduce-only closes commute; neither waits for the other."""
    async with venue(rules=FREE) as at:
        ours(at, 30)
        long(at)
        record(at, state_dir)
        found = await asyncio.gather(*(asyncio.to_thread(panic, state_dir) for _ in range(2)))
        assert [code for code, _ in found] == [FLAT_SEALED, FLAT_SEALED]
        assert left(at) == (0, [0])
        assert len({evidence.stop["stop_id"] for _, evidence in found}) == 1


@pytest.mark.usefixtures("quick")
async def test_short_position_is_bought_back_and_slices_widen_until_they_fill(state_dir: Path) -> None:
    """E6: each slice is sized from the position just read."""
    async with venue(rules=FREE) as at:
        bid = at.exchange.top(0)[0]
        at.exchange.create("", 0, 1 - BUY, bid - 5_000, 60_000, LIMIT, IOC)
        assert at.exchange.position(0)[0] < -1_000
        record(at, state_dir)
        code, evidence = await asyncio.to_thread(panic, state_dir)
        assert (code, left(at)) == (FLAT_SEALED, (0, [0]))
        closes = [order for order in at.exchange.books.orders if read_text(order.client) is not None]
        assert closes and all(order.side == BUY and order.flags & REDUCE_ONLY for order in closes)
        assert len({order.client for order in closes}) == len(closes), evidence.body()


@pytest.mark.slow
async def test_the_command_finds_the_venue_and_its_keys_by_itself(state_dir: Path) -> None:
    """S3-56 as a process: no config, no core, keys from the environment, no secret on any stream."""
    async with venue(rules=FREE) as at:
        ours(at, 40)
        long(at)
        record(at, state_dir)
        status, out, err = await command(state_dir, "position", "--verify")
        body = json.loads(out)
        assert (status, len(body["orders"]), body["positions"][0]["symbol"]) == (0, 40, "BTC"), err
        assert left(at)[0] == 40
        status, out, err = await command(state_dir, "panic")
        assert (status, json.loads(out)["meaning"], err) == (0, "flat, sealed", "")
        assert left(at) == (0, [0])
        assert KEY[2:] not in out


async def test_the_command_without_keys_says_which_variable_and_what_to_do_by_hand(state_dir: Path) -> None:
    async with venue(rules=FREE) as at:
        ours(at, 1)
        record(at, state_dir)
        status, out, _ = await command(state_dir, "panic", keys=False)
        text = json.loads(out)["venues"][0]["text"]
        assert status == CANNOT_START
        assert "HYPERLIQUID_PRIVATE_KEY" in text and "by hand: open" in text


async def command(state_dir: Path, *words: str, keys: bool = True) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command of the program."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "--state-dir", str(state_dir), "--json", *words,
        cwd=ROOT, env={**bare(), **(panic_hall.environment() if keys else {})},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            out, err = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode is not None
    return child.returncode, out.decode(), err.decode()


def bare() -> dict[str, str]:
    """Our environment without keys."""
    return {**{k: v for k, v in os.environ.items() if "HYPERLIQUID" not in k}, "PYTHONPATH": str(ROOT)}

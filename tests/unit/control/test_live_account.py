"""Real accounts as a stop sees them: failures are words of the protocol, prices only when needed, no way to create."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest

from core.clock import SystemClock
from core.config.instruments import find_instrument
from core.control import live_account
from core.control.accounts import open_account, open_live, stop_epoch
from core.control.live_account import CancelAccount, LiveAccount
from core.control.outcome import CANNOT_START, Outcome
from core.control.venue_record import FILE, KeySource, VenueRecord, traded_of, write_venues
from core.domain.errors import Refused, Unavailable
from core.domain.events import HeldPosition, OpenOrder, Read
from core.domain.order import CANCEL, CREATE, IOC, KEY_FLATTEN, LIMIT, MARKET, REDUCE_ONLY, STOP, Report, Request
from core.guard.redact import PROCESS
from core.venues.ccxt.account import Account
from core.venues.ccxt.binanceusdm import BinanceUsdm
from core.venues.ccxt.closer import ClosingAccount
from core.venues.ccxt.faults import refuses_key
from core.venues.ccxt.hyperliquid import Hyperliquid
from core.venues.ccxt.instances import Access
from core.venues.ccxt.roster import Roster

BTC = traded_of(find_instrument("hyperliquid", "BTC"), "BTC/USDC:USDC")
RECORD = VenueRecord("hyperliquid", "mainnet", KeySource(), (BTC,), 5)
SECRET = "0x" + "5e" * 32
KEYS = {"walletAddress": "0x" + "11" * 20, "privateKey": SECRET}
ORDER = OpenOrder(0, 129, 7, 0, 100, 1, 0)


@dataclasses.dataclass
class Scripted:
    """Answers as told; `asked` in order."""

    fails: list[Exception] = dataclasses.field(default_factory=list)
    listed: tuple[OpenOrder, ...] = ()
    held: tuple[HeldPosition, ...] = ()
    key_refused: str = ""
    banned_until: int = 0
    careful: bool = False

    def __post_init__(self) -> None:
        self.traits = Hyperliquid()
        self.roster = Roster()
        self.roster.add(BTC.unified, BTC.symbol, BTC.tick, BTC.lot)
        self.asked: list[str] = []

    def _say(self, what: str) -> None:
        self.asked.append(what)
        if self.fails:
            raise self.fails.pop(0)

    async def orders(self) -> tuple[OpenOrder, ...]:
        self._say("orders")
        return self.listed

    async def positions(self) -> tuple[HeldPosition, ...]:
        self._say("positions")
        return self.held

    async def books(self, numbers: Any) -> dict[int, tuple[list[Any], list[Any]]]:
        self._say("book")
        return {number: ([(99.0, 2.0), (98.9, 5.0)], [(101.0, 3.0), (120.0, 50.0)]) for number in numbers}

    async def cancel(self, venue_ids: list[int]) -> None:
        self._say(f"cancel {venue_ids}")

    async def reduce_all(self, requests: list[Request]) -> list[Report]:
        self._say(f"reduce {len(requests)}")
        return []

    async def lives(self) -> bool:
        return False

    async def heal(self, error: Exception) -> None:
        self.asked.append("heal")

    async def close(self) -> None:
        self.asked.append("close")

    def error_text(self, error: Exception) -> str:
        return Account.error_text(self, error)  # type: ignore[arg-type]

    @property
    def clock(self) -> SystemClock:
        return SystemClock()


@pytest.fixture
def scripted() -> Iterator[tuple[Scripted, LiveAccount]]:
    account = Scripted()
    live = LiveAccount(RECORD, account, SystemClock())  # type: ignore[arg-type]
    yield account, live
    live.close()
    assert "stop hyperliquid" not in [thread.name for thread in threading.enumerate()], "its thread has ended"


def request(kind: int = CREATE, **fields: Any) -> Request:
    given = {
        "strategy": -1, "instrument": 0, "kind": kind, "cl_id": 129, "venue_id": 7, "side": 1, "px": 0, "qty": 1,
        "type": MARKET, "tif": IOC, "flags": REDUCE_ONLY | STOP, "key": KEY_FLATTEN,
    }  # fmt: skip
    return Request(**{**given, **fields})


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ccxt.AuthenticationError("binanceusdm -2015 Invalid API-key"), "auth"),
        (ccxt.InvalidOrder('{"response":"User or API Wallet 0xabc does not exist."}'), "auth"),
        (ccxt.ExchangeNotAvailable("hyperliquid POST https://host/info?signature=abc 503"), "ExchangeNotAvailable"),
        (KeyError("assetPositions"), "KeyError"),
        (Unavailable("no answer in 12 s"), "Unavailable"),
    ],
)
def test_each_failure_is_a_word_that_the_stop_knows(
    scripted: tuple[Scripted, LiveAccount], error: Exception, word: str
) -> None:
    account, live = scripted
    account.fails = [error]
    reply = live.read(Read("orders", 3))
    assert reply.error.startswith(word) and reply.nonce == 3
    assert "signature=abc" not in reply.error
    assert ("by hand" in reply.error) == (word == "auth")
    assert live.read(Read("orders", 4)).error == ""


def test_missing_answer_is_never_an_empty_list(scripted: tuple[Scripted, LiveAccount]) -> None:
    """R-B4."""
    account, live = scripted
    account.listed = (ORDER,)
    account.fails = [ccxt.RequestTimeout("x")]
    assert live.read(Read("orders", 1)).error
    assert live.read(Read("orders", 2)).orders == (ORDER,)


def test_inside_a_ban_nothing_is_asked_and_the_stop_is_told_until_when(scripted: tuple[Scripted, LiveAccount]) -> None:
    """R-N2."""
    account, live = scripted
    account.banned_until = SystemClock().now() + 10**10
    assert live.read(Read("orders", 1)).error.split()[:2] == ["banned", str(account.banned_until)]
    assert account.asked == []


def test_refused_cancels_become_auth_at_the_next_read_once(scripted: tuple[Scripted, LiveAccount]) -> None:
    account, live = scripted
    account.key_refused = "InvalidOrder: User or API Wallet"
    assert live.read(Read("orders", 1)).error.startswith("auth: InvalidOrder")
    assert live.read(Read("orders", 2)).error == ""


def test_prices_are_not_asked_for_while_orders_are_to_be_cancelled(scripted: tuple[Scripted, LiveAccount]) -> None:
    account, live = scripted
    account.listed, account.held = (ORDER,), (HeldPosition(0, 5, 0, 0),)
    live.read(Read("orders", 1))
    assert (live.touch(), account.asked) == ((), ["orders"])
    account.listed = ()
    live.read(Read("orders", 2))
    assert live.touch() == (), "not known yet what is held"
    live.read(Read("positions", 3))
    (touch,) = live.touch()
    lot = BTC.lot
    assert touch.buy_depth == (0, round(3.0 / lot), round(3.0 / lot)), "101 is 1 % from the middle of 100"
    assert touch.sell_depth == (0, round(2.0 / lot), round(7.0 / lot))
    assert (touch.bid, touch.ask) == (round(99.0 / BTC.tick), round(101.0 / BTC.tick))
    live.touch()
    assert account.asked.count("book") == 1, "no new question for 300 ms"


def test_book_that_cannot_be_had_does_not_hold_the_close_up(scripted: tuple[Scripted, LiveAccount]) -> None:
    account, live = scripted
    account.held = (HeldPosition(0, 5, 0, 0),)
    live.read(Read("orders", 1))
    live.read(Read("positions", 2))
    account.fails = [ccxt.ExchangeNotAvailable("x")]
    assert live.touch() == () and not account.fails
    account.careful = True
    live._touched = 0
    asked = len(account.asked)
    assert live.touch() == () and len(account.asked) == asked, "none soon after a Retry-After"
    account.careful = False
    live.send([request()])
    assert account.asked[-1] == "reduce 1"


def test_cancels_go_together_and_before_closes(scripted: tuple[Scripted, LiveAccount]) -> None:
    account, live = scripted
    live.send([request(), request(CANCEL, venue_id=8), request(CANCEL, venue_id=9), request()])
    assert account.asked == ["cancel [8, 9]", "reduce 2"]


def test_account_that_only_cancels_refuses_everything_else() -> None:
    account = Scripted()
    live = CancelAccount(RECORD, account, SystemClock())  # type: ignore[arg-type]
    try:
        with pytest.raises(Refused, match="only cancels"):
            live.send([request(CANCEL), request()])
        assert account.asked == []
        assert not hasattr(live, "reduce") and live.touch() == ()
    finally:
        live.close()


def test_q_is_lifetime_skew_and_lag_and_longer_where_creates_do_not_expire(
    scripted: tuple[Scripted, LiveAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    """RELIABILITY 2.3 and E4."""
    assert scripted[1].q_ns == 5_500_000_000
    assert scripted[1].patience_s is None, "a real venue is asked for ever"
    monkeypatch.setattr(Hyperliquid, "expires", False)
    unbounded = CancelAccount(RECORD, Scripted(), SystemClock())  # type: ignore[arg-type]
    unbounded.close()
    assert unbounded.q_ns == live_account.UNBOUNDED_NS


@pytest.mark.parametrize("traits", [Hyperliquid(), BinanceUsdm()])
def test_client_of_the_watchdog_has_lost_every_create_and_keeps_its_cancels(traits: Any) -> None:
    roster, access = Roster(), Access("mainnet", KEYS)

    async def load(exchange: Any) -> None: ...

    args = (traits, access, roster, SystemClock(), lambda *_: None, load, False)
    exchange, able = Account(*args).exchange, ClosingAccount(*args).exchange
    for name in ("create_order", "create_orders", "edit_order", "create_order_ws", "createOrder", "edit_orders"):
        if hasattr(able, name):
            with pytest.raises(Refused, match="cannot"):
                getattr(exchange, name)()
            assert getattr(able, name).__name__ != "_refuse"
    if traits.name == "binance_usdm":
        for name in (
            "fapiPrivatePostOrder",
            "fapiPrivatePostBatchOrders",
            "fapiPrivatePutOrder",
            "fapiPrivatePostAlgoOrder",
        ):
            with pytest.raises(Refused):
                getattr(exchange, name)({})
    for name in ("cancel_order", "cancel_orders", "fetch_open_orders", "fetch_positions"):
        assert getattr(exchange, name).__name__ != "_refuse"


async def test_close_that_is_not_reduce_only_never_leaves() -> None:
    async def load(exchange: Any) -> None:
        raise AssertionError("nothing may be sent")

    args = (Hyperliquid(), Access("mainnet", KEYS), Roster(), SystemClock(), lambda *_: None, load, True)
    with pytest.raises(ValueError, match="reduce-only"):
        await ClosingAccount(*args).reduce_all([request(flags=STOP)])


def test_words_of_a_post_only_refusal_are_not_a_refused_key() -> None:
    assert not refuses_key(ccxt.InvalidOrder("Post only order would have immediately matched"))
    assert refuses_key(ccxt.PermissionDenied("binanceusdm {}"))


def test_unreadable_record_is_an_outcome_and_not_a_flat_account(state_dir: Path) -> None:
    (state_dir / FILE).write_text("{")
    (state_dir / FILE).chmod(0o600)
    (found,) = open_live(state_dir, lambda _: KEYS, SystemClock(), lambda *_: None)
    assert isinstance(found, Outcome) and found.code == CANNOT_START
    assert "every venue's own page" in found.text


def test_secret_in_an_error_of_the_key_source_is_not_shown(state_dir: Path) -> None:
    """R-X2."""
    PROCESS.remember(SECRET)
    write_venues(state_dir, [RECORD])
    notes: list[str] = []

    def keys_of(record: VenueRecord) -> dict[str, str]:
        raise Refused(f"pass printed {SECRET}")

    (found,) = open_live(state_dir, keys_of, SystemClock(), lambda step, text: notes.append(text))
    assert isinstance(found, Outcome)
    assert SECRET[2:] not in found.text + "".join(notes)


def test_opening_sends_nothing_and_names_its_run() -> None:
    account = open_account(RECORD, KEYS, SystemClock(), lambda *_: None)
    try:
        assert isinstance(account, LiveAccount)
        assert account.symbols == ("BTC",) and account.symbol_of("btc-usdc") == "BTC" and account.symbol_of("X") == ""
        assert 0 < stop_epoch(SystemClock()) < 1 << 24
    finally:
        account.close()


def test_limit_and_market_closes_are_priced_on_the_instruments_own_grid() -> None:
    roster = Roster()
    entry = roster.add(BTC.unified, BTC.symbol, BTC.tick, BTC.lot)
    found = request(type=LIMIT, px=entry.ticks(110_000.0), qty=entry.lots("0.01"))
    assert (entry.price_of(found.px), entry.size_of(found.qty)) == (110_000.0, 0.01)
    unknown = roster.entry("WLD/USDC:USDC", None)
    assert unknown.lots("0.00000001") == 1 and unknown.lots(0) == 0 and unknown.ticks("nonsense") == 0

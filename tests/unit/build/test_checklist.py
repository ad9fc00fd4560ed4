"""The go-live checklist against both loopback venues: each item can fail, says what was found and what to do next."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.build.checking import check_live
from core.build.checklist.items import FAIL, NOTE, OK
from core.control.launch import Launch
from core.domain.order import IOC
from core.venues.identity import Identity, text_of
from core.venues.wire.faults import Rule
from core.venues.wire.hyperliquid.dialect import Rules as HlRules
from tests.venues.wire import binance_hall, hyperliquid_hall
from tests.venues.wire.binance_hall import KEY, SECRET
from tests.venues.wire.binance_hall import Rules as BinanceRules
from tests.venues.wire.hyperliquid_hall import AGENT, AGENT_KEY, STRANGER_KEY, USER

LISTEN_S = 3.0
ROWS = {"S0-22", "S1-50", "S1-51", "S1-52", "S1-53", "S1-54", "S1-55", "S1-56", "S1-57", "R-C1", "R-X1", "S1-02"}
ETH = "kind: asmm\n    venue: binance_usdm\n    symbol: ETHUSDC\n    budget: 5000\n    params: {%s}"
BTC = "kind: asmm\n    venue: hyperliquid\n    symbol: BTC\n    budget: 5000\n    params: {%s}"
SIZES = {
    "binance_usdm": "maxLayers: 4, baseSize: 0.02, netMax: 0.21, singleMax: 0.06",
    "hyperliquid": "maxLayers: 4, baseSize: 0.0005, netMax: 0.007, singleMax: 0.002",
}


def launch(folder: Path, venue: str, url: str, live: str = "true", more: str = "", sizes: str = "") -> Launch:
    """A start on a config of its own."""
    strategy = (ETH if venue == "binance_usdm" else BTC) % (sizes or SIZES[venue])
    network = f'venues:\n  {venue}: {{network: loopback, url: "{url}"}}\n' if url else ""
    text = (
        f"live: {live}\naccount: rehearsal\nequity: 5000\nstrategies:\n  - name: mm\n    {strategy}\n"
        f"    risk: {{stopLoss: -60}}\n{network}market: {{source: live}}\n{more}"
    )
    path = folder / "live.yml"
    path.write_text(text)
    return Launch(state_dir=folder / "state", report_dir=folder / "reports", config=path, mode="live")


async def binance(at: Any, folder: Path, **changes: Any) -> dict[str, Any]:
    """The whole checklist against a Binance venue, as the command line would ask for it."""
    return await asyncio.to_thread(check_live, launch(folder, "binance_usdm", at.url, **changes), LISTEN_S)


async def hyperliquid(at: Any, folder: Path) -> dict[str, Any]:
    return await asyncio.to_thread(check_live, launch(folder, "hyperliquid", at.url), LISTEN_S)


def item(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = [one for one in body["items"] if one["name"] == name]
    assert len(found) == 1, body["text"]
    return dict(found[0])


def failed(body: dict[str, Any]) -> list[str]:
    """Names of what fails. The overall word, the verdicts and the next steps must agree with each other."""
    names = [one["name"] for one in body["items"] if one["verdict"] == FAIL]
    assert body["ok"] is (not names)
    assert all(one["verdict"] in (OK, NOTE, FAIL) for one in body["items"])
    assert all(one["next_step"] for one in body["items"] if one["verdict"] == FAIL), body["text"]
    assert all(one["found"] for one in body["items"])
    assert KEY not in str(body) and SECRET not in str(body) and AGENT_KEY[2:] not in str(body)
    return names


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_USDM_API_KEY", KEY)
    monkeypatch.setenv("BINANCE_USDM_SECRET", SECRET)
    monkeypatch.setenv("HYPERLIQUID_PRIVATE_KEY", AGENT_KEY)
    monkeypatch.setenv("HYPERLIQUID_WALLET_ADDRESS", USER)


# all is well ---------------------------------------------------------------------------------------------------------


@pytest.mark.row("S1-50")
async def test_a_fit_binance_account_passes_and_nothing_was_sent_that_trades_or_changes_it(tmp_path: Path) -> None:
    """S1-50, S1-51, S1-52, S1-55, S1-57, R-C1, R-X1."""
    async with binance_hall.venue() as at:
        body = await binance(at, tmp_path)
        assert failed(body) == []
        sent = {place for place in at.places() if not place.startswith("GET")}
        assert sent == {"POST /fapi/v1/listenKey", "POST /fapi/v1/countdownCancelAll"}
        assert at.dialect.dead_man.until == {} or not any(at.dialect.dead_man.until.values()), "disarmed"
    assert {row for one in body["items"] for row in one["rows"]} >= ROWS
    assert item(body, "funding ETHUSDC")["verdict"] == OK and "every 8 h" in item(body, "funding ETHUSDC")["found"]
    assert "isolated 10x" in item(body, "margin ETHUSDC")["found"]
    assert "heartbeat answered in" in item(body, "private stream")["found"]
    assert item(body, "dead-man's switch")["verdict"] == OK


async def test_a_fit_hyperliquid_account_passes_with_an_agent_key(tmp_path: Path) -> None:
    """S1-50, S1-52, S1-55, R-X1: an agent wallet signs orders and no withdrawal."""
    async with hyperliquid_hall.venue() as at:
        body = await hyperliquid(at, tmp_path)
        assert failed(body) == []
        sent = {place for place in at.places() if not place.startswith("POST /info") and place.startswith("POST")}
        assert sent == {"POST /exchange:scheduleCancel"}
    assert "approved agent" in item(body, "signing")["found"]
    assert item(body, "key may not withdraw")["verdict"] == OK
    assert "every 1 h" in item(body, "funding BTC")["found"]
    assert item(body, "margin BTC")["found"] == "isolated 10x"


async def test_what_belongs_to_the_pair_is_listed_and_never_as_passed(tmp_path: Path) -> None:
    """S1-53, S1-54, S1-56 are of another strategy."""
    async with binance_hall.venue() as at:
        body = await binance(at, tmp_path)
    pair = [one for one in body["items"] if set(one["rows"]) & {"S1-53", "S1-54", "S1-56"}]
    assert len(pair) == 3
    assert all(one["verdict"] == NOTE and "not of this strategy" in one["found"] for one in pair)


# what fails at the venue ---------------------------------------------------------------------------------------------


@pytest.mark.row("R-X1")
async def test_a_key_that_may_withdraw_fails_by_name(tmp_path: Path) -> None:
    rules = BinanceRules(weight_per_minute=0, orders_per_10s=0, orders_per_minute=0, withdraws=True)
    async with binance_hall.venue(rules=rules) as at:
        body = await binance(at, tmp_path)
    assert failed(body) == ["key may not withdraw"]
    assert "only trade" in item(body, "key may not withdraw")["next_step"]


async def test_a_clock_off_by_more_than_250_ms_fails_and_one_less_off_does_not(tmp_path: Path) -> None:
    """S0-22, R-N4."""
    for seconds, wrong in ((0.4, ["clock"]), (0.1, [])):
        async with binance_hall.venue(Rule("skew", at="venue", times=1, seconds=seconds)) as at:
            await asyncio.sleep(0.1)  # the venue's own next tick
            body = await binance(at, tmp_path)
        assert failed(body) == wrong, body["text"]
        told = int(item(body, "clock")["found"].split("venue is ")[1].split(" ms")[0])
        assert abs(told - seconds * 1e3) < 60


async def test_another_leverage_is_left_to_the_start_while_flat_and_fails_while_a_position_is_held(
    tmp_path: Path,
) -> None:
    """S1-55: the check itself changes nothing."""
    async with binance_hall.venue() as at:
        at.exchange.set_leverage(0, 20)
        body = await binance(at, tmp_path)
        assert failed(body) == []
        assert item(body, "margin ETHUSDC")["verdict"] == NOTE
        assert "isolated 20x at the venue, isolated 10x configured" in item(body, "margin ETHUSDC")["found"]
        at.exchange.create("by hand", 0, 0, at.exchange.top(0)[1] + 600, 50, tif=IOC)
        assert at.exchange.position(0)[0] == 50
        body = await binance(at, tmp_path)
        assert failed(body) == ["margin ETHUSDC"]
        assert item(body, "positions")["verdict"] == NOTE and "1 not on our record" in item(body, "positions")["found"]
        assert at.exchange.exchange.account.s.leverage[0] == 20


async def test_a_closed_market_fails_and_says_to_wait(tmp_path: Path) -> None:
    async with binance_hall.venue() as at:
        at.exchange.exchange.markets[0].s.f_cancel_only = 1
        body = await binance(at, tmp_path)
    assert "filters ETHUSDC" in failed(body)
    assert "the market is closed" in item(body, "filters ETHUSDC")["found"]
    assert "opens it" in item(body, "filters ETHUSDC")["next_step"]


@pytest.mark.parametrize("dialect", ["binance_usdm", "hyperliquid"])
async def test_a_stream_that_never_comes_fails_alone(tmp_path: Path, dialect: str) -> None:
    """S1-50: the socket stands, nothing comes over it."""
    if dialect == "binance_usdm":
        async with binance_hall.venue(Rule("gap", at="ws:depth")) as at:
            body = await binance(at, tmp_path)
        assert failed(body) == ["stream book ETHUSDC"]
    else:
        async with hyperliquid_hall.venue(Rule("gap", at="ws:l2Book")) as at:
            body = await hyperliquid(at, tmp_path)
        assert failed(body) == ["stream book BTC"]
    name = failed(body)[0]
    assert f"nothing within {LISTEN_S:g} s" in item(body, name)["found"]


async def test_a_private_stream_that_is_refused_fails_and_so_does_one_without_a_heartbeat(tmp_path: Path) -> None:
    """S1-50."""
    refused = Rule("status", at="POST /fapi/v1/listenKey", status=503, code=-1000, text="no streams now")
    async with binance_hall.venue(refused) as at:
        body = await binance(at, tmp_path)
    assert failed(body) == ["private stream"] and "no streams now" in item(body, "private stream")["found"]
    async with hyperliquid_hall.venue(Rule("half_open", at="ws:subscriptionResponse", seconds=60.0)) as at:
        body = await hyperliquid(at, tmp_path)
    assert "private stream" in failed(body) and "no pong" in item(body, "private stream")["found"]


async def test_a_wrong_secret_fails_at_signing_and_shows_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-X2."""
    monkeypatch.setenv("BINANCE_USDM_SECRET", "w" * 64)
    async with binance_hall.venue() as at:
        body = await binance(at, tmp_path)
    assert "signing" in failed(body) and "w" * 64 not in str(body)
    assert "venue answers" not in failed(body) and "clock" not in failed(body)


async def test_a_stranger_s_key_fails_and_the_account_s_own_is_told_to_withdraw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-X1 on a venue whose reads carry no signature."""
    monkeypatch.setenv("HYPERLIQUID_PRIVATE_KEY", STRANGER_KEY)
    async with hyperliquid_hall.venue() as at:
        body = await hyperliquid(at, tmp_path)
        assert "signing" in failed(body) and "role missing" in item(body, "signing")["found"]
        monkeypatch.setenv("HYPERLIQUID_PRIVATE_KEY", hyperliquid_hall.KEY)
        body = await hyperliquid(at, tmp_path)
        assert failed(body) == [] and item(body, "key may not withdraw")["verdict"] == NOTE
        assert "agent wallet" in item(body, "key may not withdraw")["next_step"]


async def test_a_refused_dead_man_s_switch_is_said_and_the_watchdog_named(tmp_path: Path) -> None:
    rules = HlRules(agents=(AGENT,), dead_man_volume=1_000_000, book_ms=50)
    async with hyperliquid_hall.venue(rules=rules) as at:
        body = await hyperliquid(at, tmp_path)
    found = item(body, "dead-man's switch")
    assert found["verdict"] == NOTE and "refused" in found["found"] and "watchdog" in found["found"]


async def test_another_core_that_trades_meanwhile_fails_and_foreign_orders_are_counted(tmp_path: Path) -> None:
    """R-W5, R-B1."""
    async with binance_hall.venue(Rule("gap", at="ws:depth")) as at:  # so that it listens for its whole time
        bid = at.exchange.top(0)[0]
        at.exchange.create("somebody-else", 0, 0, bid - 3_000, 50)
        task = asyncio.create_task(binance(at, tmp_path))
        async with asyncio.timeout(20):
            while at.places().count("GET /fapi/v1/openOrders") < 1 or "POST /fapi/v1/listenKey" not in at.places():
                await asyncio.sleep(0.01)
        at.exchange.create(text_of(Identity(0xABCDEF, 0, 129), "pc"), 0, 0, bid - 3_000, 50)
        body = await task
        assert "0 of ours, 1 foreign" in item(body, "open orders")["found"]
        assert sorted(failed(body)) == ["another core", "stream book ETHUSDC"]
        again = await binance(at, tmp_path)
        found = item(again, "another core")
        assert found["verdict"] == NOTE and "abcdef" in found["found"]
        assert len(at.exchange.books.open_of()) == 2, "nothing was touched"


async def test_a_venue_that_does_not_answer_is_one_failure_and_nothing_below_it_passes(tmp_path: Path) -> None:
    async with binance_hall.venue(Rule("status", at="*", status=503, text="maintenance")) as at:
        body = await binance(at, tmp_path)
    assert failed(body) == ["venue answers"]
    assert not {"signing", "clock", "private stream"} & {one["name"] for one in body["items"]}


# what fails before the venue is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"live": "false"}, "live: true", "live: true"),
        ({"url": ""}, "network", "venues:"),
        ({"more": "nonsense: 1\n"}, "config", "line"),
        ({"sizes": "maxLayers: 4, baseSize: 0.001, netMax: 0.21, singleMax: 0.06"}, "planned orders", "check"),
    ],
)
def test_a_config_that_cannot_go_live_fails_by_name_without_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], name: str, says: str
) -> None:
    """R-C1: nothing listens here, so whatever asked would fail as `venue answers` instead."""
    monkeypatch.delenv("BINANCE_USDM_API_KEY")
    given = {"url": "http://127.0.0.1:9", **changes}
    body = check_live(launch(tmp_path, "binance_usdm", **given), LISTEN_S)
    assert name in failed(body), body["text"]
    found = item(body, name)
    assert says in found["found"] + found["next_step"]
    assert "venue answers" not in [one["name"] for one in body["items"]]


def test_missing_keys_fail_with_the_variable_and_mainnet_wants_a_round_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S4-83, S1-02; without keys the real venue is not asked."""
    monkeypatch.delenv("BINANCE_USDM_SECRET")
    start = launch(tmp_path, "binance_usdm", "")
    assert start.config is not None
    start.config.write_text(start.config.read_text() + "venues: {binance_usdm: {network: mainnet}}\n")
    body = check_live(start, LISTEN_S)
    assert {"keys", "round on record", "venue"} <= set(failed(body))
    assert "BINANCE_USDM_SECRET" in item(body, "keys")["found"]
    assert "--unproven" in item(body, "round on record")["next_step"]


def test_a_state_dir_that_others_may_read_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-X3."""
    monkeypatch.delenv("BINANCE_USDM_API_KEY")
    start = launch(tmp_path, "binance_usdm", "http://127.0.0.1:9")
    start.state_dir.mkdir(mode=0o755)
    start.state_dir.chmod(0o755)
    body = check_live(start, LISTEN_S)
    assert "state dir" in failed(body)

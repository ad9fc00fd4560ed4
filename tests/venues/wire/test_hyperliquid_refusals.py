"""What the Hyperliquid loopback venue refuses: who would be paid, strangers, old and repeated actions, bad figures."""

from __future__ import annotations

from typing import Any

import ccxt
import hypothesis
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import VirtualClock
from core.config.instruments import find_instrument
from core.domain.errors import Refused
from core.domain.units import MONEY
from core.kernel import Kernels
from core.market.synthetic import SyntheticMarket, SyntheticSource
from core.venues.wire.behind import WireExchange
from core.venues.wire.hyperliquid.dialect import HyperliquidDialect, Rules
from tests.venues.wire.hyperliquid_hall import (
    AGENT_KEY,
    SEED,
    START,
    STRANGER_KEY,
    USER,
    Venue,
    class_of,
    client,
    order,
    orders,
    post,
    settings,
    signed,
    venue,
)

BTC = "BTC/USDC:USDC"
DAY = 86_400_000


def passive(at: Venue) -> str:
    """A price that rests."""
    return str(at.exchange.top(0)[0] - 100)


async def test_the_class_as_it_comes_asks_to_pay_somebody_and_is_refused_visibly() -> None:
    """LIVE_VENUES 1: approveBuilderFee and setReferrer at load, then a builder on every order."""
    async with venue() as at:
        x = class_of(cured=False)(settings(at))
        try:
            await x.load_markets()
            await x.create_order(BTC, "limit", "buy", 0.01, float(passive(at)), {"postOnly": True})
            refused = at.dialect.actions.refused
            assert refused["approveBuilderFee"] >= 1 and refused["setReferrer"] >= 1
            assert {"POST /exchange:approveBuilderFee", "POST /exchange:setReferrer"} <= set(at.places())
            x.options["approvedBuilderFee"] = True  # as it would be where the venue had granted it
            with pytest.raises(ccxt.ExchangeError, match="builder is refused"):
                await x.create_order(BTC, "limit", "buy", 0.01, float(passive(at)), {"postOnly": True})
            assert refused["builder"] == 1 and len(at.exchange.books.orders) == 1
            import aiohttp

            async with aiohttp.ClientSession() as session, session.get(f"{at.url}/_venue/dialect") as page:
                assert (await page.json())["refused"] == refused
        finally:
            await x.close()


async def test_the_cured_class_pays_nobody() -> None:
    async with venue() as at, client(at) as x:
        made = await x.create_order(BTC, "limit", "buy", 0.01, float(passive(at)), {"postOnly": True})
        await x.edit_order(made["id"], BTC, "limit", "buy", 0.02, float(passive(at)), {"postOnly": True})
        await x.create_order_ws(BTC, "limit", "buy", 0.01, float(passive(at)), {"postOnly": True})
        await x.cancel_all_orders_after(10_000)
        assert set(at.dialect.actions.refused.values()) == {0}
        actions = [place for place in at.places() if "/exchange" in place]
        assert actions == ["POST /exchange:order", "POST /exchange:batchModify", "POST /exchange:scheduleCancel"]


async def test_a_wrong_key_is_told_whose_it_is() -> None:
    async with venue() as at, client(at, key=STRANGER_KEY) as x:
        with pytest.raises(ccxt.InvalidOrder, match=r"User or API Wallet 0x[0-9a-f]{40} does not exist"):
            await x.create_order(BTC, "limit", "buy", 0.01, float(passive(at)))
        assert at.exchange.books.orders == []


async def refusal(at: Venue, body: object) -> str:
    """The text with which an action is refused; it must not have reached the exchange."""
    before = len(at.exchange.books.orders)
    status, answer = await post(at, "/exchange", body)
    assert status == 200 and answer["status"] == "err" and len(at.exchange.books.orders) == before
    text: str = answer["response"]
    return text


async def test_nonces_are_used_once_and_live_in_their_window() -> None:
    async with venue() as at:
        now = at.dialect.info.now_ms
        action = orders(order(passive(at), tif="Alo"))
        status, answer = await post(at, "/exchange", signed(action, now))
        assert status == 200 and "resting" in answer["response"]["data"]["statuses"][0]
        assert await refusal(at, signed(action, now)) == f"Invalid nonce: duplicate nonce {now}"
        assert "not within" in await refusal(at, signed(action, now - 2 * DAY - 1_000))
        assert "not within" in await refusal(at, signed(action, now + DAY + 60_000))
        _, answer = await post(at, "/exchange", signed(action, now, key=AGENT_KEY))
        assert answer["status"] == "ok"  # nonces are of the signer, not of the account


async def test_an_expired_action_is_refused_and_one_that_is_not_is_done() -> None:
    async with venue() as at:
        now = at.dialect.info.now_ms
        action = orders(order(passive(at), tif="Alo"))
        assert "expired" in await refusal(at, signed(action, expires_after=now - 1))
        _, answer = await post(at, "/exchange", signed(action, expires_after=now + 60_000))
        assert answer["status"] == "ok"
        stripped = signed(action, expires_after=now - 1)
        del stripped["expiresAfter"]
        assert "does not exist" in await refusal(at, stripped)


async def test_a_vault_and_another_network_are_refused() -> None:
    async with venue() as at:
        action = orders(order(passive(at)))
        assert "Vault not registered" in await refusal(at, signed(action, vault="ab" * 20))
        assert "does not exist" in await refusal(at, signed(action, testnet=True))
    async with venue(rules=Rules(testnet=True)) as at:
        _, answer = await post(at, "/exchange", signed(orders(order(passive(at))), testnet=True))
        assert answer["status"] == "ok"
        assert "does not exist" in await refusal(at, signed(orders(order(passive(at)))))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (order("110000.5"), "Price must be divisible by tick size."),
        (order("99999.25"), "Price must be divisible by tick size."),
        (order("0"), "Price must be divisible by tick size."),
        (order("110000", "0"), "Order has zero size."),
        (order("110000", "0.000001"), "Order has invalid size."),
        (order("110000", "999999999999999999"), "Order has invalid size."),
        (order("110000", "9999999"), "margin tier limit"),
        (order("999999999999999999"), "Price must be divisible by tick size."),
        (order("999999999999"), "margin tier limit"),
        (order("110000") | {"a": 9}, "Asset 9 is not traded"),
        (order("110000") | {"a": 10142}, "perpetuals only"),
    ],
)
async def test_prices_and_sizes_off_the_grid_are_refused_by_themselves(made: dict[str, Any], text: str) -> None:
    async with venue() as at:
        good = order(passive(at), tif="Alo")
        _, answer = await post(at, "/exchange", signed(orders(made, good)))
        first, second = answer["response"]["data"]["statuses"]
        assert text in first["error"] and "resting" in second and len(at.exchange.books.open_of()) == 1


STOP = {"trigger": {"isMarket": True, "triggerPx": "90000", "tpsl": "sl"}}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (orders(), "no orders"),
        ({"type": "cancel", "cancels": []}, "no orders"),
        ({"type": "batchModify", "modifies": []}, "no orders"),
        (orders(order("110000", buy=False, t=STOP)), "TP/SL orders must be reduce only"),
        ({"type": "modify", "oid": 5, "order": order("90000", tif="Alo")}, "Cannot modify canceled or filled order"),
        ({"type": "updateLeverage", "asset": 4, "isCross": True, "leverage": 3}, "Asset 4 does not exist"),
        ({"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": 1}, "No isolated position"),
        ({"type": "setReferrer", "code": "CCXT1"}, "setReferrer is refused"),
    ],
)
async def test_one_error_answers_a_whole_action(action: dict[str, Any], text: str) -> None:
    async with venue() as at:
        assert text in await refusal(at, signed(action))


async def test_what_cannot_be_read_is_422_and_does_nothing() -> None:
    """Fok is no time in force of this venue; a cloid is 0x + 32 hex; money never leaves."""
    bodies: list[Any] = [
        {},
        [],
        {"action": {"type": "order"}, "nonce": 1, "signature": {"r": "0x1", "s": "0x1", "v": 27}},
        signed(orders(order("1e5"))),
        signed(orders(order("110000", tif="Fok"))),
        signed(orders(order("110000") | {"z": 1})),
        signed(orders(order("110000", cloid="pc-1"))),
        signed({"type": "usdSend", "destination": USER, "amount": "1"}),
        signed({"type": "withdraw3", "destination": USER, "amount": "1"}),
        signed({"type": "noop"}) | {"nonce": -1},
        signed({"type": "noop"}) | {"nonce": 1 << 64},
    ]
    async with venue() as at:
        for body in bodies:
            answer = await post(at, "/exchange", body)
            assert answer == (422, "Failed to deserialize the JSON body into the target type"), body
        assert at.exchange.books.orders == []


async def test_a_query_that_cannot_be_read_is_422() -> None:
    queries: list[Any] = [
        {},
        [],
        7,
        {"type": "nothing"},
        {"type": []},
        {"type": "clearinghouseState"},
        {"type": "userFills", "user": "0x1"},
        {"type": "l2Book", "coin": "DOGE"},
        {"type": "l2Book", "coin": ["BTC"]},
        {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "7m"}},
        {"type": "userFillsByTime", "user": USER, "startTime": "x"},
    ]
    async with venue() as at:
        for query in queries:
            assert (await post(at, "/info", query))[0] == 422, query
        import aiohttp

        async with aiohttp.ClientSession() as session:
            for path in ("/info", "/exchange"):
                for raw in (b"{", b'{"type":"\xff"}', b"", b"[" * 9_000, b'{"action":' * 9_000):
                    async with session.post(at.url + path, data=raw) as answer:
                        assert answer.status == 422, raw[:20]


FIELDS = ["type", "user", "coin", "oid", "req", "startTime", "endTime", "interval", "action", "nonce", "signature"]
FIELDS += ["orders", "grouping", "a", "b", "p", "s", "r", "t", "limit", "tif", "cancels", "v", "expiresAfter", "method"]
WORDS = [
    "order",
    "cancel",
    "noop",
    "l2Book",
    "userFills",
    "orderStatus",
    "candleSnapshot",
    "BTC",
    "Gtc",
    "na",
    "0x1",
    USER,
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def dialect() -> HyperliquidDialect:
    """No server in front: what is asked goes straight to the parts."""
    clock = VirtualClock(START)
    tape = SyntheticSource([SyntheticMarket(find_instrument("hyperliquid", "BTC"), SEED, START, 110_000.0)])
    return HyperliquidDialect(WireExchange(tape, 10_000 * MONEY, SEED, Kernels("plain"), clock), USER)


@hypothesis.settings(max_examples=300, deadline=None)
@given(value=VALUES)
def test_no_body_whatever_is_more_than_a_refusal(dialect: HyperliquidDialect, value: Any) -> None:
    body = msgspec.json.encode(value)
    dialect.limits.weight_per_minute = 0
    assert dialect.query(body).status in (200, 422)
    assert dialect.act(body, "POST /exchange:").status in (200, 422)
    assert dialect.exchange.books.orders == []


async def test_too_much_weight_in_a_minute_is_429_and_nothing_is_done() -> None:
    async with venue(rules=Rules(weight_per_minute=82)) as at, client(at) as x:
        await x.fetch_order_book(BTC)  # 3 x 20 of the markets, 2 of the book
        await x.fetch_open_orders(BTC)
        with pytest.raises(ccxt.RateLimitExceeded):
            await x.create_order(BTC, "limit", "buy", 0.01, float(passive(at)))
        assert at.exchange.books.orders == []


async def test_an_address_that_sent_too_much_for_its_volume_is_told_so() -> None:
    async with venue(rules=Rules(free_requests=3)) as at, client(at) as x:
        for _ in range(3):
            made = await x.create_order(BTC, "limit", "buy", 0.01, float(passive(at)), {"postOnly": True})
        with pytest.raises(ccxt.RateLimitExceeded, match=r"Too many cumulative requests sent \(4 > 3\)"):
            await x.create_order(BTC, "limit", "buy", 0.01, float(passive(at)), {"postOnly": True})
        await x.cancel_order(made["id"], BTC)
        _, limits = await post(at, "/info", {"type": "userRateLimit", "user": USER})
        assert (limits["nRequestsUsed"], limits["nRequestsCap"]) == (4, 3)


async def test_roles_and_agents_are_known_and_an_address_that_is_none_is_refused() -> None:
    async with venue() as at:
        roles = [(await post(at, "/info", {"type": "userRole", "user": user}))[1] for user in (USER, "0x" + "7" * 40)]
        assert roles == [{"role": "user"}, {"role": "missing"}]
        _, (agent,) = await post(at, "/info", {"type": "extraAgents", "user": USER})
        _, role = await post(at, "/info", {"type": "userRole", "user": agent["address"]})
        assert role == {"role": "agent", "data": {"user": USER}}
        with pytest.raises(Refused, match="Expected an address"):
            HyperliquidDialect(at.exchange, "pc-main")

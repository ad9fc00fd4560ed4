"""Bybit, OKX, Lighter and GRVT on a recorded wire: nobody is paid or registered, ids and deadlines are ours (S3-30)."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from typing import Any

import ccxt.pro
import pytest

from core.domain.errors import Refused
from core.domain.order import ACCEPTED, DELEVERAGED, FILLED, LIQUIDATED, LOST, REJECTED
from core.venues.ccxt.catalogue import VENUES, traits_of
from core.venues.ccxt.traits import LIFETIME_MS
from core.venues.ccxt.wiring import HOOKS, wired
from core.venues.identity import Identity, text_of
from tests.venues.ccxt.four_venues import (
    BYBIT,
    CASES,
    CL_ID,
    EPOCH,
    GRVT,
    LIBRARY,
    LIGHTER,
    OKX,
    WALLET_KEY,
    Case,
    FakeSigner,
    session,
    signer,
    stock_session,
)

__all__ = ["signer"]  # a fixture
names = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@names
async def test_no_request_of_a_session_pays_or_registers_anybody(case: Case, signer: FakeSigner) -> None:
    async with session(case) as run:
        await run.create()
        assert run.at.unknown == []
        assert run.at.payments() == []
        assert run.at.places().count(case.order_place) == (2 if case.name == "lighter" else 1)  # its leverage too
        assert not {name for name, _ in signer.calls} & {"SignChangePubKey", "SignApproveIntegrator", "GenerateAPIKey"}


@names
async def test_ccxt_as_it_comes_would_and_the_recorder_sees_it(case: Case, signer: FakeSigner) -> None:
    """The counter-proof: the same words are looked for, and found."""
    async with stock_session(case) as (made, at):
        await made.create_order(f"BTC/{case.quote}:{case.quote}", "limit", "buy", 0.002, 60_000)
        assert at.payments() != []
        if case is LIGHTER:
            assert {"SignChangePubKey", "SignApproveIntegrator"} <= {name for name, _ in signer.calls}


@names
async def test_the_client_id_on_the_wire_is_the_one_that_reads_back(case: Case, signer: FakeSigner) -> None:
    expected = text_of(Identity(EPOCH, 0, CL_ID), case.traits().id_form)
    async with session(case) as run:
        await run.create()
        body = run.at.last(case.order_place).body
        if case is LIGHTER:
            found = str(next(args for name, args in signer.calls if name == "SignCreateOrder")[1])
        else:
            order = json.loads(body)
            found = {
                "bybit": lambda: order["orderLinkId"],
                "okx": lambda: order[0]["clOrdId"],
                "grvt": lambda: order["order"]["metadata"]["client_order_id"],
            }[case.name]()
        assert found == expected
        assert run.venue.ids.learn(found, "123")[0] == CL_ID


async def test_bybit_bounds_the_life_of_every_request_and_takes_no_change_for_done() -> None:
    """RELIABILITY 2.3; retCode 110043 is how the venue says that the leverage is set."""
    async with session(BYBIT) as run:
        await run.create()
        asked = run.at.last(BYBIT.order_place)
        assert asked.headers["x-bapi-recv-window"] == str(LIFETIME_MS) and "referer" not in asked.headers
        assert json.loads(asked.body)["timeInForce"] == "PostOnly"
        assert [report.kind for report in run.reports] == [ACCEPTED]
        assert "POST /v5/position/set-leverage" in run.at.places()


async def test_okx_puts_the_deadline_into_the_header_and_the_margin_mode_into_the_order() -> None:
    async with session(OKX) as run:
        now = run.venue.clock.now() // 1_000_000
        await run.create()
        asked = run.at.last(OKX.order_place)
        (order,) = json.loads(asked.body)
        assert 0 <= int(asked.headers["exptime"]) - now - LIFETIME_MS < 1_000 and "expTime" not in order
        assert order["tdMode"] == "isolated" and order["ordType"] == "post_only" and "tag" not in order
        assert [report.kind for report in run.reports] == [ACCEPTED]


async def test_an_okx_order_without_a_client_id_never_leaves() -> None:
    """ccxt would put its broker's id and tag there."""
    async with session(OKX) as run:
        with pytest.raises(ccxt.pro.InvalidOrder):
            await run.venue.instances.trade.create_order("BTC/USDT:USDT", "limit", "buy", 0.002, 60_000.0)
        assert OKX.order_place not in run.at.places()


async def test_okx_asks_for_every_book_of_conditional_orders_and_arms_in_seconds() -> None:
    async with session(OKX) as run:
        emergency = run.venue.instances.emergency
        assert await run.venue.traits.conditional_orders(emergency, "BTC/USDT:USDT") == []
        asked = [a.query["ordType"] for a in run.at.asked if a.path.endswith("/orders-algo-pending")]
        assert asked == ["conditional", "oco", "trigger", "move_order_stop"]
        await run.venue.traits.arm(emergency, [], 60_000)
        assert json.loads(run.at.last("POST /api/v5/trade/cancel-all-after").body) == {"timeOut": 60}


async def test_lighter_signs_without_an_integrator_and_its_answer_leaves_the_order_unknown(signer: FakeSigner) -> None:
    async with session(LIGHTER) as run:
        await run.create()
        args = next(args for name, args in signer.calls if name == "SignCreateOrder")
        assert args[10:13] == (0, 0, 0), "integrator account, taker fee, maker fee"
        assert args[-2:] == (5, 1077) and args[6] == 2, "our key, our account, post-only"
        assert [report.kind for report in run.reports] == [LOST], "sendTx names no order: reads have to show it"


async def test_lighter_registers_and_approves_nothing_even_when_asked(signer: FakeSigner) -> None:
    async with session(LIGHTER) as run:
        trade = run.venue.instances.trade
        for asked in (trade.change_api_key(), trade.approve_builder_fee(718_718, 1_000, 1_000, 1_077, 5)):
            with pytest.raises(ccxt.pro.NotSupported):
                await asked
        assert await trade.handle_builder_fee_approval(1_077, 5) is False
        assert run.at.payments() == [] and run.at.unknown == []


async def test_a_file_that_is_no_signer_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ccxt.pro.NotSupported, match="signer_library"):
        async with session(LIGHTER):
            raise AssertionError("set up without a signer")


async def test_what_lighters_library_does_not_sign_was_never_sent(
    signer: FakeSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccxt.static_dependencies.lighter_client import signer as module

    async with session(LIGHTER) as run:
        before = len(run.at.asked)
        monkeypatch.setattr(module, "decode_tx_info", lambda answer: (0, "", "", "", "order is too small"))
        await run.create()
        assert [report.kind for report in run.reports] == [REJECTED] and len(run.at.asked) == before


async def test_lighter_arms_its_switch_beyond_the_venues_five_minutes(signer: FakeSigner) -> None:
    """S1-27."""
    async with session(LIGHTER) as run:
        switch = run.venue.traits.dead_man
        assert switch is not None
        before = run.venue.clock.now() // 1_000_000
        await run.venue.traits.arm(run.venue.instances.emergency, [], switch.window_ms)
        await run.venue.traits.arm(run.venue.instances.emergency, [], 0)
        armed, disarmed = (args for name, args in signer.calls if name == "SignCancelAllOrders")
        assert armed[0] == 1 and armed[1] - before >= 300_000 and disarmed[:2] == (2, 0)


async def test_grvt_signs_with_the_api_key_and_order_id_zero_is_no_order() -> None:
    """S1-27."""
    async with session(GRVT) as run:
        await run.create()
        assert "POST /auth/wallet/login" not in run.at.places()
        assert json.loads(run.at.last(GRVT.order_place).body)["order"]["post_only"] is True
        assert [report.kind for report in run.reports] == [LOST]
        assert run.venue.ids.venue_id(CL_ID) is None


@pytest.mark.parametrize(
    ("case", "place", "answer", "word"),
    [
        (BYBIT, "GET /v5/user/query-api", {"uta": 1, "permissions": {"Wallet": ["Withdraw"]}}, "may withdraw"),
        (BYBIT, "GET /v5/user/query-api", {"uta": 0, "permissions": {"Wallet": []}}, "unified"),
        (OKX, "GET /api/v5/account/config", {"perm": "read_only,trade,withdraw"}, "may withdraw"),
        (OKX, "GET /api/v5/account/config", {"acctLv": "2"}, "may withdraw"),
    ],
)  # fmt: skip
async def test_a_key_that_may_withdraw_and_a_wrong_account_are_refused(
    case: Case, place: str, answer: dict[str, Any], word: str
) -> None:
    """R-X1; where the venue does not say, the answer is yes."""
    whole = {"retCode": 0, "result": answer} if case is BYBIT else {"code": "0", "data": [answer]}
    with pytest.raises(Refused, match=word):
        async with session(replace(case, answers={**case.answers, place: whole})):
            raise AssertionError("set up although it was refused")


@pytest.mark.parametrize("case", [LIGHTER, GRVT], ids=lambda case: case.name)
def test_a_wallet_key_is_refused_where_an_api_key_does(case: Case) -> None:
    """R-X1: it could withdraw."""
    traits = case.traits()
    kind = traits.subclass(wired(getattr(ccxt.pro, traits.ccxt_id)))
    with pytest.raises(Refused, match="wallet"):
        kind({**traits.options(), "privateKey": WALLET_KEY})


@pytest.mark.parametrize(("account", "index"), [("1077", ""), ("1077", "3"), ("1077", "255"), ("a", "5"), ("", "5")])
def test_a_lighter_key_of_another_form_is_refused(account: str, index: str) -> None:
    """Indexes under 4 are the venue's own front ends: ccxt would take 254 instead, silently."""
    traits = traits_of("lighter", LIBRARY)
    kind = traits.subclass(wired(ccxt.pro.lighter))
    with pytest.raises(Refused, match="account index"):
        kind({**traits.options(), "privateKey": "aa" * 40, "accountIndex": account, "apiKeyIndex": index})


def test_after_the_key_is_taken_nothing_is_left_that_could_register_another() -> None:
    traits = traits_of("lighter", LIBRARY)
    kind = traits.subclass(wired(ccxt.pro.lighter))
    made = kind({**traits.options(), **LIGHTER.keys})
    assert not made.privateKey and made.get_lighter_private_key("1077", "5") == "aa" * 40


def test_where_orders_are_allowed_and_what_the_operator_can_do() -> None:
    allowed = {
        name: [
            network for network in ("mainnet", "testnet", "demo", "loopback") if not traits_of(name).refuses(network)
        ]
        for name in VENUES
    }
    proven = {name: allowed.pop(name) for name in ("binance_usdm", "hyperliquid")}
    assert all({"mainnet", "loopback"} <= set(networks) for networks in proven.values())
    assert allowed == {
        "bybit": ["testnet", "demo"], "okx": ["demo"],
        "lighter": [], "grvt": [],
    }  # fmt: skip
    library = traits_of("lighter", LIBRARY)
    assert not library.refuses("testnet") and "testnet" in library.refuses("mainnet")
    assert "venues.lighter.signer_library" in traits_of("lighter").refuses("testnet")
    for name in ("bybit", "okx", "grvt"):
        assert "not proven" in traits_of(name).refuses("mainnet")


def test_an_unknown_venue_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(Refused, match="binance_usdm, bybit, grvt, hyperliquid, lighter, okx"):
        traits_of("kraken")
    assert [traits_of(name).name for name in VENUES] == list(VENUES)


def test_dead_mans_switches_are_granted_as_the_venues_grant_them() -> None:
    """RELIABILITY section 3."""
    assert traits_of("bybit").dead_man is None and traits_of("grvt").dead_man is None
    assert traits_of("lighter").dead_man is None, "its beats need the library"
    okx, lighter = traits_of("okx").dead_man, traits_of("lighter", LIBRARY).dead_man
    assert okx is not None and 10_000 <= okx.least_ms <= okx.window_ms <= 120_000
    assert lighter is not None and lighter.window_ms > lighter.least_ms == 300_000


def test_what_a_venue_did_by_itself_is_told_from_our_fills() -> None:
    bybit, okx = traits_of("bybit"), traits_of("okx")
    assert [bybit.fill_kind({"execType": kind}) for kind in ("Trade", "BustTrade", "AdlTrade")] == [
        FILLED, LIQUIDATED, DELEVERAGED,
    ]  # fmt: skip
    assert [okx.fill_kind({"subType": kind}) for kind in ("1", "104", "125")] == [FILLED, LIQUIDATED, DELEVERAGED]
    assert okx.fill_kind({"category": "partial_liquidation"}) == LIQUIDATED
    assert okx.fill_kind({"category": "adl"}) == DELEVERAGED and okx.fill_kind({"category": "normal"}) == FILLED


def test_wallets_are_read_without_unrealised_pnl() -> None:
    wallets: list[tuple[str, Any]] = [
        ("bybit", {"result": {"list": [{"coin": [{"coin": "USDT", "walletBalance": "12.5", "equity": "99"}]}]}}),
        ("okx", {"data": [{"details": [{"ccy": "USDT", "cashBal": "12.5", "eq": "99"}]}]}),
        ("lighter", {"accounts": [{"collateral": "12.5", "total_asset_value": "99"}]}),
        ("grvt", {"total_equity": "99", "unrealized_pnl": "86.5"}),
    ]
    assert [traits_of(name).wallet({"info": info}, "USDT") for name, info in wallets] == [1_250_000_000] * 4


def test_okx_books_are_counted_by_the_message_before() -> None:
    frame = traits_of("okx").frame(
        {"arg": {"channel": "books", "instId": "BTC-USDT-SWAP"}, "action": "update",
         "data": [{"ts": "1597026383085", "seqId": 15, "prevSeqId": 10}]}
    )  # fmt: skip
    assert frame is not None and (frame.symbol, frame.last, frame.before) == ("BTC-USDT-SWAP", 15, 10)
    assert frame.ts == 1_597_026_383_085_000_000
    whole = traits_of("okx").frame(
        {"arg": {"channel": "books", "instId": "X"}, "action": "snapshot", "data": [{"seqId": 9, "prevSeqId": -1}]}
    )
    assert whole is not None and whole.before == 0
    assert traits_of("okx").frame({"event": "subscribe", "arg": {"channel": "books"}}) is None


# the places of ccxt that these files lean on --------------------------------------------------------------------


@names
def test_every_hook_exists_in_the_class_that_we_wrap(case: Case) -> None:
    base = getattr(ccxt.pro, case.traits().ccxt_id)
    assert ccxt.pro.__version__ == "4.5.90"
    for name in HOOKS:
        assert callable(getattr(base, name)), name


OVERRIDES = {
    "bybit": {"sign": ["path", "api", "method", "params"]},
    "okx": {
        "sign": ["path", "api", "method", "params"],
        "set_sandbox_mode": ["enable"],
        "set_margin_mode": ["marginMode", "symbol", "params"],
        "create_order_request": ["symbol", "type", "side", "amount", "price", "params"],
        "cancel_all_orders_after": ["timeout", "params"],
    },
    "lighter": {
        "change_api_key": ["params"],
        "handle_builder_fee_approval": ["accountIndex", "apiKeyIndex"],
        "check_if_standard_tier": ["accountIndex"],
        "init_auth_object": ["strAccountIndex", "strApiKeyIndex"],
        "load_lighter_library": ["path", "chainId", "privateKey", "apiKeyIndex", "accountIndex", "createClient"],
        "raise_lighter_signer_error": ["method", "error", "request"],
        "cancel_all_orders_after": ["timeout", "params"],
    },
    "grvt": {
        "sign_in": ["params"],
        "sign_in_with_api_key": ["params"],
        "initialize_client": ["params"],
        "load_account_infos": [],
        "parse_order": ["order", "market"],
    },
}
OPTIONS = {
    "bybit": ["brokerId", "recvWindow", "enableUnifiedMargin", "enableUnifiedAccount", "fetchMarkets"],
    "okx": ["brokerId", "createOrder"],
    "lighter": [
        "builderFee", "integratorAccountIndex", "integratorMakerFee", "integratorTakerFee", "libraryPath",
        "accountIndex", "apiKeyIndex",
    ],
    "grvt": ["builderFee", "builder", "builderRate"],
}  # fmt: skip


@names
def test_every_override_and_option_is_still_ccxts(case: Case) -> None:
    base = getattr(ccxt.pro, case.name)
    for name, parameters in OVERRIDES[case.name].items():
        assert list(inspect.signature(getattr(base, name)).parameters)[1:] == parameters, name
    stock = base()
    for name in OPTIONS[case.name]:
        assert name in stock.options, name


def test_the_error_codes_that_we_read_otherwise_are_still_in_the_tables() -> None:
    assert {"110043", "110072"} <= set(ccxt.pro.bybit().exceptions["exact"])
    assert "51016" in ccxt.pro.okx().exceptions["exact"]


@names
def test_the_addresses_of_every_network_that_is_allowed_have_a_websocket(case: Case) -> None:
    """ccxt swaps whole tables of addresses; one without `ws` would break the streams."""
    traits = case.traits()
    for network in traits.networks:
        made: Any = traits.subclass(wired(getattr(ccxt.pro, traits.ccxt_id)))(traits.options())
        made.enable_demo_trading(True) if network == "demo" else made.set_sandbox_mode(True)
        assert made.urls["api"]["ws"], network
        assert int(made.options.get("maxRetriesOnFailure") or 0) == 0

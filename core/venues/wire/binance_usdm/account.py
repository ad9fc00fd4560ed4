"""Balances, margin and positions as the venue's account endpoints show them. Reads the exchange; settings change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.exchange.accounts import equity_of, maintenance_of, margin_free, unrealised
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.desk import Desk
from core.venues.wire.binance_usdm.ledger import entry_text
from core.venues.wire.binance_usdm.market import Symbol
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal, missing
from core.venues.wire.figures import fixed8

Json = dict[str, Any]
DONE = {"code": 200, "msg": "success"}


class AccountPages:
    """One account in one-way mode."""

    def __init__(self, exchange: WireExchange, desk: Desk, symbols: Sequence[Symbol]) -> None:
        self.exchange, self.desk, self.symbols = exchange, desk, symbols

    def account(self, now_ms: int) -> Json:
        a = self.exchange.exchange.account.s
        wallet, equity = self.exchange.exchange.balance(), int(equity_of(a))
        held = [s for s in self.symbols if a.pos[s.i]]
        maintenance = sum(int(maintenance_of(a, s.i)) for s in held)
        initial = sum(self._initial(s) for s in held)
        quote = self.symbols[0].instrument.quote
        free = max(0, int(margin_free(a, 0, 0)))
        sums = {
            "initialMargin": fixed8(initial), "maintMargin": fixed8(maintenance), "walletBalance": fixed8(wallet),
            "unrealizedProfit": fixed8(equity - wallet), "marginBalance": fixed8(equity),
            "positionInitialMargin": fixed8(initial), "openOrderInitialMargin": "0.00000000",
            "crossWalletBalance": fixed8(wallet), "crossUnPnl": fixed8(equity - wallet),
        }  # fmt: skip
        total = {f"total{name[0].upper()}{name[1:]}": value for name, value in sums.items()}
        asset = {"asset": quote, **sums, "availableBalance": fixed8(free), "maxWithdrawAmount": fixed8(free),
                 "marginAvailable": True, "updateTime": now_ms}  # fmt: skip
        return {
            "feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True, "updateTime": 0,
            "multiAssetsMargin": False, "tradeGroupId": -1, **total, "availableBalance": fixed8(free),
            "maxWithdrawAmount": fixed8(free), "assets": [asset],
            "positions": [self._position(s, now_ms) for s in self.symbols],
        }  # fmt: skip

    def balance(self, now_ms: int) -> list[Json]:
        told = self.account(now_ms)["assets"][0]
        return [{"accountAlias": "loopback", **told, "balance": told["walletBalance"]}]

    def risk(self, params: Params, now_ms: int) -> list[Json]:
        """Positions; one that is flat is left out unless its symbol was asked for."""
        symbols = [self.desk.symbol(params)] if params.values.get("symbol") else list(self.symbols)
        return [
            self._position(s, now_ms) for s in symbols if params.values.get("symbol") or self.exchange.position(s.i)[0]
        ]

    def _initial(self, symbol: Symbol) -> int:
        a = self.exchange.exchange.account.s
        notional = abs(int(a.pos[symbol.i])) * symbol.mark * symbol.instrument.unit
        return -(-notional // max(1, int(a.leverage[symbol.i])))

    def _position(self, symbol: Symbol, now_ms: int) -> Json:
        a, i = self.exchange.exchange.account.s, symbol.i
        lots, cost = self.exchange.position(i)
        isolated = bool(a.isolated[i])
        pnl, initial = int(unrealised(a, i)), self._initial(symbol)
        liquidation = self.exchange.exchange.liquidation_px(i)
        margin = int(a.iso[i]) + pnl if isolated and lots else 0
        return {
            "symbol": symbol.name, "positionSide": "BOTH", "positionAmt": symbol.grid.sz(lots),
            "entryPrice": entry_text(symbol, lots, cost), "breakEvenPrice": entry_text(symbol, lots, cost),
            "markPrice": fixed8(symbol.mark * symbol.grid.tick), "unRealizedProfit": fixed8(pnl),
            "unrealizedProfit": fixed8(pnl), "liquidationPrice": fixed8(max(0, liquidation) * symbol.grid.tick),
            "isolatedMargin": fixed8(margin), "notional": fixed8(lots * symbol.mark * symbol.instrument.unit),
            "marginAsset": symbol.instrument.quote, "isolatedWallet": fixed8(int(a.iso[i]) if isolated else 0),
            "initialMargin": fixed8(initial), "maintMargin": fixed8(int(maintenance_of(a, i)) if lots else 0),
            "positionInitialMargin": fixed8(initial), "openOrderInitialMargin": "0", "adl": 0, "bidNotional": "0",
            "askNotional": "0", "marginType": "isolated" if isolated else "cross", "isolated": isolated,
            "leverage": str(int(a.leverage[i])), "updateTime": now_ms,
        }  # fmt: skip

    # settings --------------------------------------------------------------------------------------------------------

    def leverage(self, params: Params) -> Json:
        symbol, leverage = self.desk.symbol(params), params.whole("leverage")
        if not 1 <= leverage <= symbol.instrument.max_leverage:
            raise Refusal(-4028, f"Leverage {leverage} is not valid.")
        a, i = self.exchange.exchange.account.s, symbol.i
        before = int(a.leverage[i])
        self.exchange.set_leverage(i, leverage)
        if a.pos[i] and leverage < before and margin_free(a, i, 0) < 0:
            self.exchange.set_leverage(i, before)
            raise Refusal(-2019, "Margin is insufficient.")
        return {"leverage": leverage, "maxNotionalValue": "100000000", "symbol": symbol.name}

    def margin_type(self, params: Params) -> Json:
        symbol, kind = self.desk.symbol(params), params.text("marginType")
        if kind not in ("ISOLATED", "CROSSED"):
            raise missing("marginType")
        a, i = self.exchange.exchange.account.s, symbol.i
        isolated = int(kind == "ISOLATED")
        if int(a.isolated[i]) == isolated:
            raise Refusal(-4046, "No need to change margin type.")
        if self.exchange.books.open_of(i):
            raise Refusal(-4047, "Margin type cannot be changed if there exists open orders.")
        if a.pos[i]:
            raise Refusal(-4048, "Margin type cannot be changed if there exists position.")
        a.isolated[i] = isolated
        return dict(DONE)

    def position_mode(self, params: Params) -> Json:
        if params.text("dualSidePosition").lower() == "true":
            raise Refusal(-4061, "This loopback account has no hedge mode.")
        raise Refusal(-4059, "No need to change position side.")

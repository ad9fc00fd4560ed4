"""Balances, margin and positions as the venue's account endpoints show them. Reads the exchange; settings change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.units import MONEY
from core.exchange.accounts import equity_of, maintenance_of, margin_free, unrealised
from core.venues.wire.behind import WireExchange
from core.venues.wire.binance_usdm.desk import Desk
from core.venues.wire.binance_usdm.ledger import cross_wallet, entry_text
from core.venues.wire.binance_usdm.market import Symbol
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.refusals import Refusal, missing
from core.venues.wire.figures import fixed8

Json = dict[str, Any]
NO_CAP = 1_000_000_000_000
DONE = {"code": 200, "msg": "success"}


class AccountPages:
    """One account in one-way mode. Version 3 lists what is held or quoted and leaves settings out; 2 lists all."""

    def __init__(self, exchange: WireExchange, desk: Desk, symbols: Sequence[Symbol]) -> None:
        self.exchange, self.desk, self.symbols = exchange, desk, symbols
        self.configured: list[tuple[str, int]] = []  # (symbol, leverage) not yet told to the private streams

    def account(self, now_ms: int, version: str = "v3") -> Json:
        a = self.exchange.exchange.account.s
        wallet, equity = self.exchange.exchange.balance(), int(equity_of(a))
        held = [s for s in self.symbols if a.pos[s.i]]
        maintenance = sum(int(maintenance_of(a, s.i)) for s in held)
        initial = sum(self._initial(s) for s in held)
        quote = self.symbols[0].instrument.quote
        free = max(0, int(margin_free(a, 0, 0)))
        cross_pnl = sum(int(unrealised(a, s.i)) for s in held if not self._isolated(s))
        sums = {
            "initialMargin": fixed8(initial), "maintMargin": fixed8(maintenance), "walletBalance": fixed8(wallet),
            "unrealizedProfit": fixed8(equity - wallet), "marginBalance": fixed8(equity),
            "positionInitialMargin": fixed8(initial), "openOrderInitialMargin": "0.00000000",
            "crossWalletBalance": fixed8(cross_wallet(self.exchange)), "crossUnPnl": fixed8(cross_pnl),
        }  # fmt: skip
        total = {f"total{name[0].upper()}{name[1:]}": value for name, value in sums.items()}
        asset: Json = {
            "asset": quote, **sums, "availableBalance": fixed8(free), "maxWithdrawAmount": fixed8(free),
            "updateTime": now_ms,
        }  # fmt: skip
        told = {**total, "availableBalance": fixed8(free), "maxWithdrawAmount": fixed8(free)}
        if version == "v3":
            return told | {"assets": [asset], "positions": [self._short(s, now_ms) for s in self._active()]}
        return told | {
            "feeTier": 0, "feeBurn": False, "canTrade": True, "canDeposit": True, "canWithdraw": True,
            "updateTime": 0, "multiAssetsMargin": False, "tradeGroupId": -1,
            "assets": [asset | {"marginAvailable": True}],
            "positions": [self._position(s, now_ms) | self._settings(s, "maxNotional") for s in self.symbols],
        }  # fmt: skip

    def balance(self, now_ms: int) -> list[Json]:
        told = self.account(now_ms)["assets"][0]
        names = ("asset", "crossWalletBalance", "crossUnPnl", "availableBalance", "maxWithdrawAmount", "updateTime")
        short = {name: told[name] for name in names}
        return [{"accountAlias": "loopback", "balance": told["walletBalance"], "marginAvailable": True, **short}]

    def risk(self, params: Params, now_ms: int, version: str) -> list[Json]:
        """Positions, as that version lists them."""
        wanted = [self.desk.symbol(params)] if params.values.get("symbol") else list(self.symbols)
        if version == "v3":
            return [self._position(s, now_ms) for s in self._active() if s in wanted]
        return [
            self._position(s, now_ms) | self._settings(s, "maxNotionalValue") | {"isAutoAddMargin": "false"}
            for s in wanted
        ]

    def configuration(self, params: Params) -> list[Json]:
        """Leverage and margin type of each symbol, which version 3 shows nowhere else."""
        wanted = [self.desk.symbol(params)] if params.values.get("symbol") else list(self.symbols)
        leverage = self.exchange.exchange.account.s.leverage
        return [
            {
                "symbol": s.name, "marginType": "ISOLATED" if self._isolated(s) else "CROSSED",
                "isAutoAddMargin": False, "leverage": int(leverage[s.i]),
                "maxNotionalValue": str(self._most_notional(s, int(leverage[s.i]))),
            }
            for s in wanted
        ]  # fmt: skip

    def _active(self) -> list[Symbol]:
        return [s for s in self.symbols if self.exchange.position(s.i)[0] or self.exchange.books.open_of(s.i)]

    def _isolated(self, symbol: Symbol) -> bool:
        return bool(self.exchange.exchange.account.s.isolated[symbol.i])

    def _settings(self, symbol: Symbol, most: str) -> Json:
        leverage = int(self.exchange.exchange.account.s.leverage[symbol.i])
        isolated = self._isolated(symbol)
        return {
            "leverage": str(leverage), "isolated": isolated, "marginType": "isolated" if isolated else "cross",
            most: str(self._most_notional(symbol, leverage)),
        }  # fmt: skip

    @staticmethod
    def _most_notional(symbol: Symbol, leverage: int) -> int:
        """Quote; where the first tier begins that does not allow this leverage."""
        floors = [tier.floor for tier in symbol.instrument.tiers if tier.max_leverage < leverage]
        return min(floors) // MONEY if floors else NO_CAP

    def _initial(self, symbol: Symbol) -> int:
        a = self.exchange.exchange.account.s
        notional = abs(int(a.pos[symbol.i])) * symbol.mark * symbol.instrument.unit
        return -(-notional // max(1, int(a.leverage[symbol.i])))

    def _short(self, symbol: Symbol, now_ms: int) -> Json:
        """A position as the account page has it: without its entry price."""
        names = ("symbol", "positionSide", "positionAmt", "isolatedMargin", "notional", "isolatedWallet",
                 "initialMargin", "maintMargin", "updateTime")  # fmt: skip
        full = self._position(symbol, now_ms)
        return {name: full[name] for name in names} | {"unrealizedProfit": full["unRealizedProfit"]}

    def _position(self, symbol: Symbol, now_ms: int) -> Json:
        a, i = self.exchange.exchange.account.s, symbol.i
        lots, cost = self.exchange.position(i)
        pnl, initial = int(unrealised(a, i)), self._initial(symbol)
        isolated = self._isolated(symbol)
        liquidation = self.exchange.exchange.liquidation_px(i)
        margin = int(a.iso[i]) + pnl if isolated and lots else 0
        return {
            "symbol": symbol.name, "positionSide": "BOTH", "positionAmt": symbol.grid.sz(lots),
            "entryPrice": entry_text(symbol, lots, cost), "breakEvenPrice": entry_text(symbol, lots, cost),
            "markPrice": fixed8(symbol.mark * symbol.grid.tick), "unRealizedProfit": fixed8(pnl),
            "liquidationPrice": fixed8(max(0, liquidation) * symbol.grid.tick), "isolatedMargin": fixed8(margin),
            "notional": fixed8(lots * symbol.mark * symbol.instrument.unit),
            "marginAsset": symbol.instrument.quote, "isolatedWallet": fixed8(int(a.iso[i]) if isolated else 0),
            "initialMargin": fixed8(initial), "maintMargin": fixed8(int(maintenance_of(a, i)) if lots else 0),
            "positionInitialMargin": fixed8(initial), "openOrderInitialMargin": "0", "adl": 0, "bidNotional": "0",
            "askNotional": "0", "updateTime": now_ms,
        }  # fmt: skip

    # settings --------------------------------------------------------------------------------------------------------

    def leverage(self, params: Params) -> Json:
        symbol, leverage = self.desk.symbol(params), params.whole("leverage")
        if not 1 <= leverage <= symbol.instrument.max_leverage:
            raise Refusal(-4028, f"Leverage {leverage} is not valid.")
        a, i = self.exchange.exchange.account.s, symbol.i
        before, most = int(a.leverage[i]), self._most_notional(symbol, leverage)
        if a.isolated[i] and a.pos[i] and leverage < before:
            raise Refusal(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions.")
        if abs(int(a.pos[i])) * symbol.mark * symbol.instrument.unit > most * MONEY:
            raise Refusal(-2027, "Exceeded the maximum allowable position at current leverage.")
        self.exchange.set_leverage(i, leverage)
        if a.pos[i] and leverage < before and margin_free(a, i, 0) < 0:
            self.exchange.set_leverage(i, before)
            raise Refusal(-2019, "Margin is insufficient.")
        self.configured.append((symbol.name, leverage))
        return {"leverage": leverage, "maxNotionalValue": str(most), "symbol": symbol.name}

    def configured_news(self, now_ms: int) -> list[Json]:
        """What was set since the last time, as the private stream tells it."""
        rows, self.configured = self.configured, []
        return [
            {"e": "ACCOUNT_CONFIG_UPDATE", "E": now_ms, "T": now_ms, "ac": {"s": name, "l": leverage}}
            for name, leverage in rows
        ]

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
        if not params.values.get("dualSidePosition"):
            raise missing("dualSidePosition")
        if params.flag("dualSidePosition"):
            raise Refusal(-4061, "This loopback account has no hedge mode.")
        raise Refusal(-4059, "No need to change position side.")

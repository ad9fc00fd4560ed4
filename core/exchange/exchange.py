"""The simulated exchange as Python sees it: builds the blocks, binds the doors, answers reads.

Everything that changes state happens in kernels; this module only calls them. It keeps no order of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from core import rng
from core.domain.book import Feed, empty_feed
from core.domain.events import W_END, W_MID, W_OWN, W_WAIT, HeldPosition, OpenOrder
from core.domain.instrument import Instrument, Spec, spec_of
from core.domain.order import Report, Reports, Request
from core.domain.units import FAR
from core.exchange import faults
from core.exchange.accounts import equity_of
from core.exchange.advance import advance, finish_instant, next_ts
from core.exchange.blocks import ACCOUNTS, DRAWS, LOG, POWER, RING, RISK_AVERSE, UNSEEN, Account, Market
from core.exchange.latency import draws
from core.exchange.liquidation import liquidation_price
from core.exchange.wire import drain, submit
from core.kernel import Kernels

CHANGES = (
    "kind", "ts", "cl", "venue", "side", "px", "qty", "left", "trade", "fee", "maker", "amount", "code", "tif", "flags",
)  # fmt: skip
MODELS = {"risk_averse": RISK_AVERSE, "power": POWER, "log": LOG}


class QueueModel(msgspec.Struct, frozen=True):
    """risk_averse | power | log; `variant` 1, 2, 3 and exponent `n` of FORMULAS.md 13. `reject_rate`: share of creates
    that the venue refuses as busy (S1-10)."""

    model: str = "risk_averse"
    variant: int = 3
    n: float = 3.0
    reject_rate: float = 0.0


def market_of(instrument: Instrument, index: int, seed: int, queue: QueueModel, latencies: dict[str, Any]) -> Market:
    """A fresh market block. `latencies`: {"entry": rows, "response": rows} where the model is `recorded`."""
    if queue.model not in MODELS or queue.variant not in (1, 2, 3) or not queue.n > 0:
        raise ValueError(f"Expected risk_averse, power or log with variant 1-3 and n > 0, was {queue}")
    if not 0.0 <= queue.reject_rate < 1.0:
        raise ValueError(f"Expected a reject_rate of 0 to below 1, was {queue.reject_rate}")
    m = Market(
        next_timer=FAR,
        wake_mask=W_OWN | W_MID,
        wake_mid_ticks=1,
        funding_rate=instrument.funding_rate,
        q_model=MODELS[queue.model],
        q_variant=queue.variant,
        q_n=float(queue.n),
        px_step=1,
        qty_step=1,
        min_lots=instrument.min_lots,
        min_notional=instrument.min_notional,
    )
    name = f"latency/{index}/{instrument.venue}/{instrument.symbol}"
    m.array("entry_ns")[:] = draws(instrument.entry, seed, name + "/entry", latencies.get("entry", ()))
    m.array("response_ns")[:] = draws(instrument.response, seed, name + "/response", latencies.get("response", ()))
    if queue.reject_rate > 0.0:
        place = f"{index}/{instrument.venue}/{instrument.symbol}"
        m.array("busy")[:] = rng.stream(seed, f"busy/{place}").random(DRAWS) < queue.reject_rate
    return m


class SimExchange:
    """1..16 instruments on one time line, each on a venue account. `equity` is 1e-8 quote, of every account;
    `kernels` chooses the form of all doors.

    `owners[i]` is the account of instrument i (default: one account has all of them), `places[i]` its place in it.
    `markets[i]`, `specs[i]`, `accounts[k]` are the blocks that the doors of core/exchange take; `feeds[i]` is set by
    `attach`. Raises ValueError for no or too many instruments, no margin tiers, or a bad latency or queue model.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        equity: int,
        seed: int,
        kernels: Kernels,
        queue_model: QueueModel | None = None,
        latencies: dict[str, Any] | None = None,
        owners: Sequence[int] | None = None,
    ) -> None:
        if not 0 < len(instruments) <= ACCOUNTS:
            raise ValueError(f"Expected 1 to {ACCOUNTS} instruments, was {len(instruments)}")
        queue = queue_model or QueueModel()
        self.instruments = tuple(instruments)
        self.owners = tuple(owners or [0] * len(instruments))
        if len(self.owners) != len(instruments) or set(self.owners) != set(range(max(self.owners) + 1)):
            raise ValueError(f"Expected an account for each instrument, numbered from 0, was {self.owners}")
        self.places = tuple(self.owners[:i].count(owner) for i, owner in enumerate(self.owners))
        self.specs: list[Spec] = [spec_of(x, self.places[i]) for i, x in enumerate(instruments)]
        self.markets = [market_of(x, i, seed, queue, latencies or {}) for i, x in enumerate(instruments)]
        self.feeds: list[Feed] = [empty_feed() for _ in instruments]
        self.accounts = [
            Account(wallet=equity, start=equity, n=self.owners.count(k)) for k in range(max(self.owners) + 1)
        ]
        self.out = Reports()
        self.why = [W_END] * len(instruments)
        for x, spec, owner, i in zip(instruments, self.specs, self.owners, self.places, strict=True):
            if not x.tiers:
                raise ValueError(f"Expected margin tiers for {x.symbol}, was none")
            a = self.accounts[owner]
            a.s.unit[i], a.s.leverage[i], a.s.isolated[i] = x.unit, x.leverage, int(x.isolated)
            a.s.n_tiers[i] = len(x.tiers)
            for name in ("tier_floor", "tier_mmr_ppm", "tier_cum"):
                a.array(name)[i] = spec.array(name)
        self.bind(kernels)

    @property
    def account(self) -> Account:
        """The first account: the only one unless `owners` said otherwise."""
        return self.accounts[0]

    def bind(self, kernels: Kernels) -> None:
        """Use this form of the kernels from now on; may be called between any two events."""
        self.kernels = kernels
        self._advance, self._finish, self._next = [], [], []
        self._submit, self._drain, self._inject = [], [], []
        for m, s, f, owner in zip(self.markets, self.specs, self.feeds, self.owners, strict=True):
            account = self.accounts[owner]
            self._advance.append(kernels.bind(advance, m, account, s, f))
            self._finish.append(kernels.bind(finish_instant, m, account, s, f))
            self._next.append(kernels.bind(next_ts, m, f))
            self._submit.append(kernels.bind(submit, m))
            self._drain.append(kernels.bind(drain, m, self.out))
            self._inject.append(kernels.bind(faults.inject, m, account, s))

    def attach(self, instrument: int, feed: Feed, n_feed: int | None = None, i_ex: int = 0, i_loc: int = 0) -> None:
        """The feed of an instrument: rows below `n_feed` (default all) are known; continue from `i_ex` and `i_loc`."""
        m = self.markets[instrument].s
        self.feeds[instrument] = feed
        m.n_feed, m.i_ex, m.i_loc = len(feed.kind) if n_feed is None else n_feed, i_ex, i_loc
        self.bind(self.kernels)

    def advance(self, horizon: int) -> int:
        """Run all markets until one wakes us; W_* bits of that instant, per instrument in `why`.

        At equal time all exchange feeds come first, then instrument by instrument.
        """
        if len(self.markets) == 1:
            self.why[0] = int(self._advance[0](horizon))
            return self.why[0]
        n = len(self.markets)
        self.why = [W_WAIT] * n
        ended = [False] * n
        while True:
            if horizon >= FAR and all(self._idle(i) for i in range(n)):
                self.why = [W_END] * n
                return W_END
            ts = [FAR if ended[i] else int(self._next[i]()) for i in range(n)]
            first = min(range(n), key=lambda i: ts[i])
            t, second = ts[first], min(ts[i] for i in range(n) if i != first)
            if t >= horizon:
                self.why = [int(run(horizon)) for run in self._advance]
                return max(self.why)
            if t < second - 1:
                until = horizon if second >= FAR else min(second - 1, horizon)  # the others have ended: like one alone
                self.why[first] = why = int(self._advance[first](until))
                ended[first] = why == W_END
                if why > W_WAIT:
                    return why
                if t == ts[first] == int(self._next[first]()) and why == W_WAIT:
                    raise RuntimeError(f"Expected progress at {t}, was none")
                continue
            due = [i for i in range(n) if ts[i] == t]
            for i in due:
                self.why[i] = int(self._advance[i](t))
            for i in due:
                if int(self._next[i]()) <= t:
                    self.why[i] = int(self._finish[i](t))
            woken = 0
            for i in due:
                woken |= self.why[i] if self.why[i] > W_WAIT else 0
            if woken:
                return woken

    def _idle(self, i: int) -> bool:
        m = self.markets[i].s
        return bool(m.i_ex >= m.n_feed and m.i_loc >= m.i_ex and m.q_head == m.q_tail and m.r_seen == m.r_tail)

    def send(self, request: Request, now: int) -> int:
        """Put a request on its way; its arrival ns, or -1 with the market's `err` set."""
        r = request
        door = self._submit[r.instrument]
        return int(door(now, r.kind, r.cl_id, r.venue_id, r.side, r.px, r.qty, r.type, r.tif, r.flags))

    def drain(self, instrument: int) -> list[Report]:
        """All visible reports of an instrument, in order."""
        found: list[Report] = []
        while True:
            remain = int(self._drain[instrument]())
            o = self.out.s
            found.extend(
                Report(
                    instrument, o.kind[i], o.ts[i], o.cl_id[i], o.venue_id[i], o.side[i], o.px[i], o.qty[i], o.left[i],
                    o.trade_id[i], o.fee[i], o.maker[i], o.amount[i], o.code[i],
                )
                for i in range(o.n)
            )  # fmt: skip
            if remain == 0:
                return found

    def inject(self, instrument: int, name: str, a: int = 0, b: int = 0, c: int = 0, now: int = 0) -> bool:
        """A fault or venue-made change by its name in `faults.NAMES`. Raises KeyError for an unknown name."""
        return int(self._inject[instrument](now, faults.NAMES[name], a, b, c)) != 0

    def changes(self, instrument: int, first: int) -> list[tuple[int, ...]]:
        """Changes of the exchange half from number `first` on, as far as the ring still holds them.

        Each: kind, ts, cl_id, venue_id, side, px, qty, left, trade_id, fee, maker, amount, code, tif, flags.
        """
        m = self.markets[instrument].s
        columns = [getattr(m, "v_" + name) for name in CHANGES]
        return [tuple(column[k % RING] for column in columns) for k in range(max(first, m.v_tail - RING), m.v_tail)]

    def of(self, account: int) -> list[int]:
        """The instruments of an account."""
        return [i for i, owner in enumerate(self.owners) if owner == account]

    def trades(self, since: int = 0, account: int = 0) -> tuple[Report, ...]:
        """Recent fills, funding and transfers with trade id > `since`, by id; bounded by the ring of each market."""
        found = []
        for i in self.of(account):
            market = self.markets[i]
            m, ids = market.s, market.array("v_trade")
            columns = [getattr(m, "v_" + name) for name in CHANGES[:13]]
            for k in np.flatnonzero(ids > since):
                found.append(Report(i, *(column[int(k)] for column in columns)))
        return tuple(sorted(found, key=lambda report: report.trade_id))

    def open_orders(self, account: int = 0) -> tuple[OpenOrder, ...]:
        """Every live order of an account, by instrument and venue id."""
        found = []
        for i in self.of(account):
            m = self.markets[i].s
            slots = [m.own[side][k] for side in range(2) for k in range(m.n_own[side])]
            for x in sorted(slots, key=lambda slot: m.o_venue[slot]):
                found.append(OpenOrder(i, m.o_cl[x], m.o_venue[x], m.o_side[x], m.o_px[x], m.o_left[x], m.o_flags[x]))
        return tuple(found)

    def positions(self, account: int = 0) -> tuple[HeldPosition, ...]:
        """Every position of an account that is not zero."""
        a = self.accounts[account].s
        found = []
        for n in self.of(account):
            i = self.places[n]
            if a.pos[i] != 0:
                found.append(HeldPosition(n, a.pos[i], a.cost[i], self.liquidation_px(n)))
        return tuple(found)

    def balance(self, account: int = 0) -> int:
        """Wallet, 1e-8 quote."""
        return int(self.accounts[account].s.wallet)

    def equity(self, account: int = 0) -> int:
        """Wallet and unrealised PnL at the marks, 1e-8 quote."""
        return equity_of(self.accounts[account].s)

    def liquidation_px(self, n: int) -> int:
        """Liquidation price of an instrument in ticks, rounded to the side that comes first; 0 = none."""
        return liquidation_price(self.accounts[self.owners[n]].s, self.places[n])

    def queue_share(self) -> dict[tuple[int, int], float | None]:
        """(instrument, venue id) -> share of the level ahead of us, 0 .. 1; None beyond the displayed depth."""
        shares: dict[tuple[int, int], float | None] = {}
        for i, market in enumerate(self.markets):
            m = market.s
            for side in range(2):
                for k in range(m.n_own[side]):
                    slot = m.own[side][k]
                    front, level = m.o_front[slot], m.o_level[slot]
                    if front >= UNSEEN / 2:
                        shares[i, m.o_venue[slot]] = None
                    else:
                        shares[i, m.o_venue[slot]] = min(1.0, front / level) if level > 0 else 0.0
        return shares

    def image(self) -> bytes:
        """The exact state of accounts and markets."""
        return b"".join(block.image() for block in (*self.accounts, *self.markets))

    def load(self, raw: bytes) -> None:
        """Restore what `image()` gave. Raises ValueError when the layout or the number of instruments changed."""
        sizes = [Account.dtype.itemsize] * len(self.accounts) + [Market.dtype.itemsize] * len(self.markets)
        if len(raw) != sum(sizes):
            raise ValueError(f"Expected {sum(sizes)} bytes of exchange state, was {len(raw)}")
        at = 0
        for block, size in zip([*self.accounts, *self.markets], sizes, strict=True):
            block.load(raw[at : at + size])
            at += size

"""Fabricated Snapshots and a client that pushes them: the console is tested without any producer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from core import rng
from core.clock import VirtualClock
from core.domain import snapshot as sn
from core.domain.commands import Answer, AnyCommand, Flatten, Halt, Pause, Rearm, Resume, Stop
from core.domain.errors import Unavailable
from core.domain.questions import AnyQuestion, Page

SECOND = 1_000_000_000
T0 = 1_795_179_731 * SECOND  # 2026-11-20 13:02:11 UTC


def walk(seed: int, count: int, scale: float) -> list[float]:
    return [float(x) for x in rng.stream(seed, "fabricated").normal(0.0, scale, count).cumsum()]


def chart(mid: float, at: int, ts: int, seed: int = 7, count: int = 240) -> sn.Chart:
    path = walk(seed, 4000, 0.11)[at % 3000 : at % 3000 + count]
    value = tuple(mid + x - path[-1] for x in path)
    wide = [1.05 + 0.25 * math.sin((at + i) / 31) for i in range(count)]
    return sn.Chart(
        title="ETHUSDC quotes",
        unit="px",
        ts=tuple(ts - (count - 1 - i) * SECOND for i in range(count)),
        value=value,
        upper=tuple(v + w - 0.1 for v, w in zip(value, wide)),
        lower=tuple(v - w - 0.1 for v, w in zip(value, wide)),
        upper_name="ask",
        lower_name="bid",
        now=value[-1],
    )


def orders(mid: float, layers: int = 8) -> tuple[sn.OrderRow, ...]:
    rows = []
    for i in range(layers):
        off = mid * 3e-4 * 1.2**i
        for side, sign in (("BUY", -1), ("SELL", 1)):
            rows.append(
                sn.OrderRow(
                    id=f"a{0x91A + 2 * i + (sign > 0):03x}",
                    cl_id=0xA00 + 2 * i + (sign > 0),
                    venue="paper",
                    symbol="ETHUSDC",
                    side=side,
                    price=round(mid + sign * off, 2),
                    price_digits=2,
                    size=max(0.009 * 0.9**i, 0.004),
                    size_digits=3,
                    left=max(0.009 * 0.9**i, 0.004),
                    state="RESTING",
                    age_s=0.4 + 3.1 * i,
                    queue=max(0.42 - 0.05 * i, 0.02),
                    key=f"layer {i + 1}",
                )
            )
    return tuple(rows)


def quoter(mid: float) -> sn.Quoter:
    return sn.Quoter(
        symbol="ETHUSDC",
        regime="NORMAL",
        volatility=1.42,
        vpin=0.31,
        imbalance=0.12,
        momentum=0.00021,
        reservation=mid - 0.27,
        mid=mid,
        bid=mid - 0.005,
        ask=mid + 0.005,
        spread_bps=8.4,
        skew_bps=-1.08,
        pressure=0.18,
        net_cap=0.192,
        net_max=0.21,
        layers_placeable=8,
        layers_wanted=24,
        suppressing=True,
        noise_level=0,
        quote_interval_s=0.5,
        best_bid=mid - 1.32,
        best_ask=mid + 0.78,
        terms_bid=(
            sn.Term("base half spread", -3.0),
            sn.Term("fee buffer", -1.0),
            sn.Term("inventory shift", -1.08),
            sn.Term("pressure", -0.12),
            sn.Term("volatility", -0.4),
            sn.Term("VPIN", -0.31),
        ),
        terms_ask=(
            sn.Term("base half spread", 3.0),
            sn.Term("fee buffer", 1.0),
            sn.Term("inventory shift", -1.08),
            sn.Term("pressure", 0.0),
            sn.Term("volatility", 0.4),
            sn.Term("VPIN", 0.31),
        ),
    )


def alerts(ts: int) -> tuple[sn.AlertRow, ...]:
    return (
        sn.AlertRow(4, ts - 188 * SECOND, "warn", "latency", "tick to order p99 162 ms above 150 ms for 10 s", False),
        sn.AlertRow(3, ts - 1261 * SECOND, "warn", "slippage", "3 fills above 1.0 bp (limit 5)", False),
        sn.AlertRow(2, ts - 1931 * SECOND, "info", "round", "round 17 checkpoint written", True),
        sn.AlertRow(1, ts - 3729 * SECOND, "info", "check", "self-check 14/14 ok", True),
    )


def snapshot(at: int = 0, **changes: Any) -> sn.Snapshot:
    """A plausible picture, the same for the same `at` (half seconds since the start)."""
    ts = T0 + at * SECOND // 2
    path = walk(11, 4000, 0.09)
    mid = round(2500.12 + path[at % 4000], 2)
    size = 0.042
    entry = 2499.31
    profit = size * (mid - entry)
    curve = walk(5, 5000, 0.035)[at % 4000 : at % 4000 + 120]
    net = round(1.24 + curve[-1] - curve[0] + profit, 4)
    funding, fees = 0.02, -0.11
    snap = sn.Snapshot(
        seq=1000 + at,
        ts=ts,
        mode="PAPER",
        venue="paper",
        account="main-01",
        market="synthetic seed 7",
        version="0.1.0",
        state=sn.State(
            run="RUNNING", since=ts - 862 * SECOND, history=((ts - 862 * SECOND, "PAUSED > RUNNING operator"),)
        ),
        round=sn.Round(
            number=17,
            started=ts - 7864 * SECOND,
            length_ns=4 * 3600 * SECOND,
            elapsed_ns=7864 * SECOND + at * SECOND // 2,
        ),
        pnl=sn.Pnl(
            net=net,
            price=round(net + fees - funding, 4),
            fees=fees,
            funding=funding,
            realised=round(net - profit, 4),
            unrealised=round(profit, 4),
            equity=200 + net,
            equity_start=200.0,
            day=net + 2.1,
            drawdown=-0.0021,
            max_drawdown=-0.0084,
            drawdown_limit=0.06,
            spark=tuple(1.24 + x - curve[0] for x in curve),
        ),
        positions=(
            sn.PositionRow(
                "paper",
                "ETHUSDC",
                size,
                3,
                entry,
                mid,
                2,
                profit,
                0.384,
                round(mid * 0.616, 2),
                "cross",
                ts - 300_000_000,
                close_cost=0.06,
            ),
        ),
        net=(("ETH", size),),
        gross=size * mid,
        leverage=size * mid / 200,
        margin_used=0.026,
        buffer_min=0.384,
        buffer_warn=0.05,
        buffer_halt=0.02,
        orders=orders(mid),
        latency=(
            sn.LatencyRow("feed->book", 38_000, 90_000, 120_000, 900_000, 24_120, "excellent", (3, 4, 3, 5, 3, 4)),
            sn.LatencyRow("tick->order", 160_000, 320_000, 410_000, 4_200_000, 8_412, "excellent", (4, 4, 5, 7, 4, 3)),
            sn.LatencyRow(
                "order->ack", 3_100_000, 8_000_000, 11_000_000, 48_000_000, 8_398, "good", (5, 6, 5, 5, 8, 5)
            ),
            sn.LatencyRow("loop lag", 90_000, 700_000, 1_900_000, 9_000_000, 4_000, "good", (1, 2, 1, 1, 3, 1)),
        ),
        execution=sn.Execution(
            fill_rate=0.632,
            fill_rate_buy=0.611,
            fill_rate_sell=0.654,
            n_orders=412,
            n_fills=260 + at // 9,
            maker_share=0.97,
            slippage_bps=0.21,
            adverse_rate=0.34,
            markout_bps=((1.0, -0.1), (5.0, 0.12), (30.0, 0.24), (60.0, 0.3)),
            rejects=(("net_cap", 3), ("post_only_cross", 2)),
            reject_rate=0.004,
            suppressed=1841,
            by_layer=tuple((i, 0.63 * 0.8**i) for i in range(8)),
        ),
        quoter=quoter(mid),
        chart=chart(mid, at, ts),
        funding=(sn.FundingRow("paper", "ETHUSDC", 0.0001, ts + 10_669 * SECOND, False, 0.02),),
        feeds=(
            sn.Feed("paper", "ETHUSDC", "depth", True, 60_000_000, 2 * SECOND, 27.0, 0, 0, 0, 18, 0),
            sn.Feed("paper", "ETHUSDC", "trades", True, 410_000_000, 5 * SECOND, 6.0, 0, 0, 0, 0, 1),
        ),
        rest=sn.Rest(3120, 2, 3.1),
        weight_used=812,
        weight_limit=2400,
        orders_used=21,
        orders_limit=300,
        limits=(
            sn.LimitRow("net cap", 0.124, 0.21, "ETH", 0.59),
            sn.LimitRow("daily max", 12.4, 50.0, "", 0.25),
            sn.LimitRow("stop loss", 0.0, -60.0, "USDC", 0.0),
        ),
        bands=(sn.BandRow(5, 0.15, False), sn.BandRow(8, 0.25, False), sn.BandRow(12, 0.40, False)),
        alerts=alerts(ts),
        actions=(
            sn.Action(ts - 2 * SECOND, "cancel a918 ok 3.0ms"),
            sn.Action(ts - SECOND, "replace a91a ok 2.8ms"),
            sn.Action(ts, "decide 0.5 s: 2 kept, 1 amended"),
        ),
        rounds=(
            sn.RoundRow(17, ts - 7864 * SECOND, None, net, "", "running"),
            sn.RoundRow(16, ts - 22264 * SECOND, ts - 7864 * SECOND, 12.9, "reports/round-0016.md", "flat"),
            sn.RoundRow(15, ts - 36664 * SECOND, ts - 22264 * SECOND, -8.1, "reports/round-0015.md", "carried"),
        ),
        holder=sn.Holder(4242, "desk-1", "/dev/pts/3", ts - 8000 * SECOND, ts - SECOND, "perpconsole.lock"),
        kernels=sn.Kernels("compiled", 9, 9),
        metrics_port=8080,
    )
    return msgspec.structs.replace(snap, **changes)


def state(snap: sn.Snapshot, **changes: Any) -> sn.Snapshot:
    """The same picture in another run state."""
    return msgspec.structs.replace(snap, state=msgspec.structs.replace(snap.state, **changes))


class FakeClient:
    """A CoreClient that records what it was sent and shows the snapshot it was given."""

    def __init__(self, snap: sn.Snapshot | None) -> None:
        self.snap = snap
        self.sent: list[AnyCommand] = []
        self.replies: list[Answer] = []
        self.asked: list[AnyQuestion] = []
        self.pages: dict[type, Any] = {}

    def send(self, command: AnyCommand) -> None:
        self.sent.append(command)

    def latest(self) -> sn.Snapshot | None:
        return self.snap

    def answers(self) -> Sequence[Answer]:
        replies, self.replies = self.replies, []
        return replies

    def query(self, question: AnyQuestion) -> Page:
        """The page put there for this kind of question."""
        self.asked.append(question)
        page = self.pages.get(type(question))
        if page is None:
            raise Unavailable("no page here")
        return page(question) if callable(page) else page

    def did(self, kind: type) -> list[Any]:
        return [command for command in self.sent if type(command) is kind]


class LivelyClient(FakeClient):
    """A picture that moves twice a second and a core that obeys: for looking at the console."""

    def __init__(self, clock: Any) -> None:
        super().__init__(None)
        self.clock, self.start = clock, clock.monotonic()
        self.run, self.since, self.last = "RUNNING", T0 - 862 * SECOND, -1
        self.stopped_at = 0
        self.alive = True

    def send(self, command: AnyCommand) -> None:
        super().send(command)
        at = self._at()
        if isinstance(command, (Halt, Flatten)):
            self.run = "HALTING" if isinstance(command, Halt) else "FLATTENING"
            self.since, self.stopped_at = T0 + at * SECOND // 2, at
        elif isinstance(command, Pause):
            self.run, self.since = "PAUSED", T0 + at * SECOND // 2
        elif isinstance(command, (Resume, Rearm)):
            self.run, self.since = "RUNNING", T0 + at * SECOND // 2
        elif isinstance(command, Stop):
            self.alive = False
        if command.id:
            self.replies.append(Answer(id=command.id, ok=True))
        self.last = -1

    def _at(self) -> int:
        return int((self.clock.monotonic() - self.start) // (SECOND // 2))

    def latest(self) -> sn.Snapshot | None:
        at = self._at()
        if at == self.last:
            return self.snap
        self.last = at
        snap = state(snapshot(at), run=self.run, since=self.since)
        if self.run in ("HALTING", "HALTED", "FLATTENING", "FLAT"):
            left = max(16 - 6 * (at - self.stopped_at), 0)
            if not left:
                self.run = {"HALTING": "HALTED", "FLATTENING": "FLAT"}.get(self.run, self.run)
            flat = self.run == "FLAT"
            snap = state(
                snap,
                run=self.run,
                reason="Ctrl+G",
                orders_left=left,
                orders_at_stop=16,
                positions_left=0 if flat else 1,
                verified="" if left else "clean",
            )
            snap = msgspec.structs.replace(snap, orders=snap.orders[:left], positions=() if flat else snap.positions)
        elif self.run == "PAUSED":
            snap = msgspec.structs.replace(state(snap, reason="operator"), orders=())
        self.snap = snap
        return snap


class StillClock(VirtualClock):
    """A clock for tests: stands still, both counters at T0."""

    def __init__(self) -> None:
        super().__init__(T0)

    def step(self, seconds: float) -> None:
        self.set(self.now() + round(seconds * SECOND))


def lively() -> LivelyClient:
    """For tools.pictures and for a look in a terminal."""
    from core.clock import SystemClock

    return LivelyClient(SystemClock())

"""Alerts and the built-in rules."""

from __future__ import annotations

import pytest

from core.domain.events import Health, Link, Note
from core.domain.units import NS_PER_MS, NS_PER_S
from core.kpi.books import Activity, Wire
from core.kpi.measures import Measures
from core.telemetry.alerts import REPEAT_NS, Alerts
from core.telemetry.rules import Rules
from tests.unit.kpi.desk import T0, Desk, create, filled, step


class Watched:
    def __init__(self) -> None:
        self.desk = Desk()
        self.measures = Measures(self.desk, T0)
        self.alerts = Alerts()
        self.running = True
        self.rules = Rules(self.desk, self.measures, self.alerts, lambda: self.running)
        self.now = T0

    def second(self, n: int = 1, quoting: bool = True, **more: object) -> list[str]:
        """`n` seconds of a healthy desk, `more` with each step; the codes open afterwards."""
        for _ in range(n):
            self.now += NS_PER_S
            self.desk.view(0).s.ts_recv = self.now
            if quoting:
                self.desk.active[0] = Activity(quotes=1, ts_quoted=self.now)
            one = step(self.now, rows=1, **more)  # type: ignore[arg-type]
            self.measures.take(one)
            self.rules.take(one)
        return [a.code for a in reversed(self.alerts.rows())]


def test_a_healthy_desk_raises_nothing() -> None:
    assert Watched().second(120, inputs=(Health(tick_to_order_p99_ns=100 * NS_PER_MS),)) == []


def test_silence_is_an_alert_only_while_quotes_are_expected() -> None:
    """S3-73."""
    w = Watched()
    w.second(5)
    assert w.second(9, quoting=False) == []
    assert w.second(3, quoting=False) == ["silence"]
    w = Watched()
    w.running = False
    assert w.second(60, quoting=False) == []
    w.running = True
    assert w.second(9, quoting=False) == []  # counted from when quoting began


def test_latency_above_150_ms_is_an_alert() -> None:
    """S3-19."""
    w = Watched()
    assert w.second(inputs=(Health(tick_to_order_p99_ns=150 * NS_PER_MS),)) == []
    assert w.second(inputs=(Health(tick_to_order_p99_ns=151 * NS_PER_MS),)) == ["latency"]
    assert w.second(inputs=(Health(order_ack_p99_ns=151 * NS_PER_MS, loop_lag_ns=300 * NS_PER_MS),)) == [
        "latency", "ack_latency", "loop_lag",
    ]  # fmt: skip


def test_failed_requests_stop_loss_and_shock_raise_alerts() -> None:
    """S3-68."""
    w = Watched()
    w.second(3)
    w.desk.wire = Wire(venue="simulated", requests=50, errors=5, weight_limit=100, weight_used=81)
    assert w.second() == ["rest_errors", "api_weight"]
    notes = (Note("crit", "stop_loss", "-60.1 <= -60", 0), Note("crit", "shock", "10.2 % in 60 s", 0))
    assert w.second(notes=notes)[2:] == ["stop_loss", "shock"]
    assert w.alerts.rows()[0].strategy == "asmm"
    assert w.alerts.rows()[0].level == "crit"


def test_stale_data_lost_streams_unknown_orders_and_a_thin_buffer_raise_alerts() -> None:
    w = Watched()
    w.second(2)
    w.desk.ledger(0).s.n_unknown, w.desk.ledger(0).s.oldest_unknown = 1, w.now - 9 * NS_PER_S
    w.desk.liquidation_px = 240_000
    assert w.second(2) == ["liquidation_buffer", "unknown_order"]
    w = Watched()
    w.second(2)
    w.now += 3 * NS_PER_S
    for _ in range(2):
        w.now += NS_PER_S
        w.measures.take(step(w.now, inputs=(Link(0, False, "closed by peer"),)))
    assert [a.code for a in w.alerts.rows()] == ["stream_down", "stale"]


def test_five_bad_fills_in_a_row_are_an_alert_and_a_good_one_starts_anew() -> None:
    """S0-34."""
    w = Watched()
    w.second(1)

    def fill(n: int, px: int) -> None:
        for one in (step(w.now, requests=(create(n),)), step(w.now, filled(n, 0, px, 1, maker=0))):
            w.measures.take(one)
            w.rules.take(one)

    bad, good = 250_300, 250_010
    for n in range(4):
        fill(n + 1, bad)
    fill(10, good)
    for n in range(4):
        fill(n + 20, bad)
    assert w.second() == []
    fill(30, bad)
    assert w.second() == ["slippage"]


def test_a_condition_that_lasts_is_told_once_and_one_that_returns_is_counted() -> None:
    heard: list[str] = []
    w = Watched()
    w.alerts.on_new.append(lambda a: heard.append(a.code))
    slow = (Health(tick_to_order_p99_ns=200 * NS_PER_MS),)
    w.second(30, inputs=slow)
    w.second(5, inputs=(Health(),))
    w.second(5, inputs=slow)
    assert heard == ["latency"]
    assert w.alerts.rows()[0].text.endswith("(x2)")


def test_acknowledging_one_or_all_and_what_comes_after() -> None:
    alerts = Alerts()
    first = alerts.add(0, "warn", "a", "x")
    alerts.add(1, "crit", "b", "y")
    alerts.add(1, "info", "c", "z")
    assert alerts.unacked() == 2
    assert alerts.ack(first.number) == 1
    assert alerts.add(2, "warn", "a", "x").number == 4  # acknowledged: a new one, not a repeat
    assert alerts.ack() == 2
    assert alerts.ack() == 0
    again = alerts.add(REPEAT_NS * 3, "warn", "d", "x")
    assert alerts.add(again.ts + REPEAT_NS, "warn", "d", "x") is again
    assert alerts.add(again.ts + 3 * REPEAT_NS, "warn", "d", "x") is not again
    with pytest.raises(ValueError, match="Expected info, warn or crit"):
        alerts.add(0, "fatal", "e", "x")


def test_an_open_critical_alert_is_never_pushed_off_the_list() -> None:
    alerts = Alerts()
    alerts.add(0, "crit", "stop_loss", "x")
    for n in range(200):
        alerts.add(n, "warn", f"c{n}", "x")
    shown = alerts.rows(50)
    assert len(shown) == 51
    assert shown[-1].code == "stop_loss"
    alerts.ack()
    assert len(alerts.rows(50)) == 50


def test_a_warning_that_becomes_critical_is_told_again() -> None:
    heard: list[str] = []
    alerts = Alerts()
    alerts.on_new.append(lambda a: heard.append(a.level))
    alerts.add(0, "warn", "a", "x")
    alerts.add(1, "crit", "a", "x")
    alerts.add(2, "warn", "a", "x")
    assert heard == ["warn", "crit"]

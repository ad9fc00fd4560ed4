"""Metrics and alerts of a pair, read from the desk's pairs."""

from __future__ import annotations

import pytest

from core.domain.events import Note
from core.domain.pair import LONG, S3, S4, SHORT
from core.domain.snapshot import Snapshot
from core.domain.units import MONEY, NS_PER_S
from core.telemetry.alerts import Alerts
from core.telemetry.families import PAIR_PARTS
from core.telemetry.prometheus import text
from core.telemetry.readings import read
from core.telemetry.rules import Rules
from tests.unit.kpi.pair_desk import Eyes, PairDesk, Play
from tests.unit.kpi.test_pair import long_first
from tests.unit.telemetry.test_metrics import samples, scraped

PAIR = ("pair", "lock")


def scrape(play: Play) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    return samples(text(read(play.desk, play.measures, Snapshot())))


def test_the_parts_of_a_pair_are_served_and_sum_to_the_net() -> None:
    """S1-61: signs as in the report: fees > 0 are paid."""
    play = long_first()
    found = scrape(play)["perp_pair_pnl"]
    values = {dict(labels)["part"]: value for labels, value in found.items()}
    assert set(values) == set(PAIR_PARTS)
    assert {dict(labels)["pair"] for labels in found} == {"lock"}
    assert values == pytest.approx(
        {"spread": 0.30, "trend": 4.50, "carry": -0.00008, "fees": 0.24635735, "execution": -0.002}
    )
    net = values["spread"] + values["trend"] + values["carry"] - values["fees"] + values["execution"]
    assert net == pytest.approx(play.pair.money().net / MONEY)


def test_state_spread_residual_and_stuck_are_those_of_the_desk() -> None:
    """S1-38, S1-66, S1-23, S1-57."""
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_010.0)
    play.trade(LONG, 0, 50_000.1, 0.01)
    play.trade(SHORT, 1, 50_009.5, 0.009)
    play.state(S3)
    play.desk.waits = "one venue down: holding"
    found = scrape(play)
    assert found["perp_pair_state"] == {(PAIR,): 3.0}
    assert found["perp_pair_spread"] == {(PAIR,): -10.0}
    assert found["perp_pair_residual_ratio"][(PAIR,)] == pytest.approx(0.1)
    assert found["perp_pair_stuck"] == {(PAIR,): 1.0}
    play.desk.waits = ""
    play.blind(SHORT)
    found = scrape(play)
    assert found["perp_pair_stuck"] == {(PAIR,): 0.0}
    assert "perp_pair_spread" not in found  # unknown is absent, never 0


def test_a_symbol_on_two_venues_is_two_series() -> None:
    """Otherwise a hedged pair would be served as a position of 0."""
    play = Play()
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_010.0)
    play.trade(LONG, 0, 50_000.1, 0.01)
    play.trade(SHORT, 1, 50_009.5, 0.01)
    found = scrape(play)
    assert found["mm_position"] == {
        (("symbol", "BTCUSDT@aster"),): 0.01, (("symbol", "BTCUSDT@hyperliquid"),): -0.01,
    }  # fmt: skip
    assert "mm_quotes_generated_total" not in found  # a pair quotes only while it works: no silence to be alarmed at


def test_without_pairs_no_pair_metric_has_a_value() -> None:
    _, page = scraped()
    assert not [name for name in samples(page) if name.startswith("perp_pair")]


def test_a_pair_that_waits_for_its_gate_is_not_silent_and_notes_carry_its_name() -> None:
    play = Play()
    alerts = Alerts()
    rules = Rules(play.desk, play.measures, alerts, lambda: True)
    play.sinks.append(rules.take)
    for _ in range(60):
        play.now += NS_PER_S
        for view in play.desk.views:
            view.s.ts_recv = play.now
        play.take(rows=1)
    assert [a.code for a in alerts.rows()] == []
    play.take(notes=(Note("warn", "pair_stuck", "pair_lock: both venues down", 0),))
    play.take(notes=(Note("warn", "other", "of no seat", 1),))
    assert [(a.code, a.strategy) for a in reversed(alerts.rows())] == [("pair_stuck", "pair_lock"), ("other", "")]


def watched() -> tuple[Play, Eyes, Alerts]:
    eyes, alerts = Eyes(), Alerts()
    play = Play(PairDesk(eyes=eyes))
    rules = Rules(play.desk, play.measures, alerts, lambda: False)
    play.sinks.append(rules.take)
    play.mid(LONG, 50_000.0)
    play.mid(SHORT, 50_010.0)
    play.state(S3)
    return play, eyes, alerts


def run_seconds(play: Play, seconds: float, rate: int = 10) -> None:
    """Steps of a tenth of a second, with market data."""
    for _ in range(round(seconds * rate)):
        for view in play.desk.views:
            view.s.ts_recv = play.now
        play.wait(1 / rate)


def codes(alerts: Alerts) -> list[tuple[str, str]]:
    return [(a.level, a.code) for a in reversed(alerts.rows()) if a.code.startswith("pair")]


def test_naked_beyond_the_limit_is_an_alert_even_between_two_looks() -> None:
    """S1-57. The limit is 0.5 s: 0.4 s is no alert, 0.7 s is one though it is over when the rules look."""
    play, eyes, alerts = watched()
    for seconds, found in ((0.4, []), (0.7, [("warn", "pair_naked")])):
        run_seconds(play, 0.1)
        eyes.since = play.now
        run_seconds(play, seconds)
        eyes.since = 0
        run_seconds(play, 2)
        assert codes(alerts) == found
    eyes.since = play.now
    run_seconds(play, 4)
    assert codes(alerts)[-1] == ("crit", "pair_naked_long")
    assert any("(limit 0.5 s)" in a.text and a.strategy == "lock" for a in alerts.rows())


def test_a_pair_that_waits_too_long_is_an_alert_once() -> None:
    """S1-57: ten seconds; one that moves again in between is none."""
    play, _, alerts = watched()
    play.desk.waits = "both venues down"
    run_seconds(play, 8)
    play.desk.waits = ""
    run_seconds(play, 2)
    play.desk.waits = "both venues down"
    run_seconds(play, 8)
    assert codes(alerts) == []
    run_seconds(play, 8)
    assert codes(alerts) == [("crit", "pair_stuck_long")]
    assert "both venues down" in alerts.rows()[0].text


def test_times_moves_and_nakedness_are_served() -> None:
    """S1-38, S1-39, S1-57, S1-23, S1-62."""
    play, eyes, _ = watched()
    eyes.spread = (20.0, -20.0, 20.0)
    play.trade(LONG, 0, 50_000.1, 0.01)
    play.trade(SHORT, 1, 50_009.5, 0.01)
    run_seconds(play, 3)
    eyes.asked = ("unlock A", "spread at the upper band")
    play.state(S3, busy=1)
    eyes.since = play.now
    run_seconds(play, 1)
    found = scrape(play)
    assert found["perp_pair_naked_seconds"] == {(PAIR,): pytest.approx(1.0)}
    assert found["perp_pair_naked_limit_seconds"] == {(PAIR,): 0.5}
    assert found["perp_pair_naked_over_total"] == {(PAIR,): 0.0}
    assert "perp_pair_naked_p99_seconds" not in found  # none has ended yet
    eyes.since = 0
    play.state(S4)
    found = scrape(play)
    assert found["perp_pair_naked_over_total"] == {(PAIR,): 1.0}
    assert found["perp_pair_naked_p99_seconds"] == {(PAIR,): pytest.approx(1.0)}
    move = (("move", "S3 to S4"), PAIR, ("reason", "spread at the upper band"))
    assert found["perp_pair_moves_total"][tuple(sorted(move))] == 1.0
    assert found["perp_pair_hedge_ratio"] == {(PAIR,): 1.0}
    assert found["perp_pair_out_of_band_ratio"] == {(PAIR,): 1.0}
    times = {dict(labels)["state"]: value for labels, value in found["perp_pair_state_seconds_total"].items()}
    assert times["S3"] == pytest.approx(4.0)
    assert set(times) == {"S0", "S1", "S2", "S3", "S4", "S5"}


def test_without_eyes_nakedness_is_absent_not_zero() -> None:
    found = scrape(long_first())
    assert not [name for name in found if "naked" in name]
    assert "perp_pair_state_seconds_total" in found

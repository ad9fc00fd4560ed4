"""The report of a round with a pair: where the money came from, episodes, funding and its calendar."""

from __future__ import annotations

import json

import msgspec
import pytest
from markdown_it import MarkdownIt

from core.domain.pair import LONG, S0, S1, S2, S3, S4, SHORT
from core.domain.units import BUY, NS_PER_S, SELL
from core.kpi.pair import PairMoney
from core.rounds.diff import results
from core.rounds.facts import RoundFacts, Run, decode, encode
from core.rounds.kpitable import kpis
from core.rounds.pair_details import SHOWN_PAYMENTS
from core.rounds.recorder import Recorder
from core.rounds.report import report, verdict_lines
from core.rounds.scheduler import Ending
from tests.unit.kpi.desk import HOUR, T0
from tests.unit.kpi.pair_desk import Play
from tests.unit.rounds.made import Made

GFM = MarkdownIt("commonmark", {"linkify": False}).enable("table")
REAL = Run(market="btc-aster.bin + btc-hyperliquid.bin", version="0.1.0", config_sha256="ab" * 32)


class Round:
    """A pair with a recorder behind its measures."""

    def __init__(self, run: Run = REAL) -> None:
        self.play = Play()
        self.recorder = Recorder(self.play.desk, self.play.measures, run)
        self.play.sinks.append(self.recorder.take)
        self.play.mid(LONG, 50_000.0)
        self.play.mid(SHORT, 50_010.0)
        self.begin(1)

    def begin(self, number: int) -> None:
        self.started = self.play.now
        self.recorder.begin(self.started, number)

    def open(self) -> None:
        play = self.play
        play.state(S0, busy=1)
        play.trade(LONG, BUY, 50_000.1, 0.01)
        play.state(S1, first=LONG)
        play.wait(90)
        play.mid(LONG, 50_250.0)
        play.mid(SHORT, 50_260.0)
        play.state(S2, busy=1)
        play.trade(SHORT, SELL, 50_259.5, 0.01)
        play.wait(1)
        play.state(S3)

    def lock(self) -> None:
        play = self.play
        play.now = T0 + HOUR
        play.settle(SHORT, 0.00005)
        play.mid(LONG, 50_400.0)
        play.mid(SHORT, 50_380.0)
        play.settle(LONG, 0.0001)

    def leave(self) -> None:
        play = self.play
        play.desk.wish = "S3 locked: unlock A: spread at the upper band (20 against 12)"
        play.state(S3, busy=1)
        play.trade(SHORT, BUY, 50_380.5, 0.01)
        play.state(S4)
        play.wait(30)
        play.mid(LONG, 50_600.0)
        play.trade(LONG, SELL, 50_599.9, 0.01)
        play.home()

    def end(self, verdict: str = "flat") -> RoundFacts:
        return self.recorder.end(Ending(1, self.started, 0, self.play.now, "timer", verdict, True))


@pytest.fixture(scope="module")
def whole() -> RoundFacts:
    made = Round()
    made.open()
    made.lock()
    made.leave()
    return made.end()


def section(facts: RoundFacts, title: str = "Pair lock") -> str:
    return report(facts, None, "x.svg").split(f"\n## {title}\n")[1].split("\n## ")[0].replace("\\", "")


def row(text: str, start: str) -> list[str]:
    [line] = [line for line in text.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_report_says_where_the_money_of_the_pair_came_from(whole: RoundFacts) -> None:
    """S1-61, issue 4: spread, trend, carry, fees, execution, net. Hand numbers as in tests/unit/kpi/test_pair.py:
    spread (150 - 120) x 0.01; trend (250 + 200) x 0.01; execution -0.001 - 0.005 - 0.005 - 0.001;
    carry 502.60 x 0.00005 - 504.00 x 0.0001; fees 1.8 bps of 500.001, 502.595, 503.805, 505.999, each rounded up."""
    [pair] = whole.pairs
    fees = 9_000_018 + 9_046_710 + 9_068_490 + 9_107_982
    assert pair.split == PairMoney(
        spread=30_000_000, trend=450_000_000, carry=2_513_000 - 5_040_000, fees=fees, execution=-1_200_000
    )
    assert pair.split.net == whole.money.net
    text = section(whole)
    assert row(text, "spread")[1] == "+0.3000"
    assert row(text, "trend")[1] == "+4.5000"
    assert row(text, "carry")[1] == "-0.0253"
    assert row(text, "fees")[1] == "-0.3622"
    assert row(text, "execution")[1] == "-0.0120"
    assert row(text, "**net**")[1] == "**+4.4005**"
    assert "= net +4.40049800`: agrees." in text
    wrong = msgspec.convert(msgspec.to_builtins(whole), RoundFacts)
    wrong.pairs[0].split = msgspec.structs.replace(pair.split, trend=pair.split.trend + 1)
    assert "DOES NOT AGREE with the ledgers' +4.40049800" in section(wrong)


def test_the_first_screen_speaks_of_the_pair(whole: RoundFacts) -> None:
    first = report(whole, None, "x.svg").split("## KPIs")[0]
    assert "spread +0.3000, trend +4.5000, carry -0.0253, fees -0.3622, execution -0.0120." in first
    assert "position drift" not in first
    assert "| Carry (funding) | -0.0253 |" in first
    assert "| Execution | -0.0120 |" in first
    assert len(first.splitlines()) <= 32


def test_the_episode_stands_with_its_times_and_its_end(whole: RoundFacts) -> None:
    text = section(whole)
    times, money = (line for line in text.splitlines() if line.startswith("| 1 |"))
    cells = [cell.strip() for cell in times.strip("|").split("|")]
    locked = whole.pairs[0].episodes[0].in_state[S3]
    assert cells[1] == "2026-01-06 12:00:00"
    assert cells[3:8] == ["1 min 30 s", "1.0 s", "58 min 29 s", "30.0 s", ""]
    assert 3_508 * NS_PER_S < locked < 3_510 * NS_PER_S
    assert cells[8].startswith("S0 S1 S2 S3 S4 S0: long leg closed (S3 locked: unlock A")
    assert "| +0.3000 | +4.5000 | -0.0253 | -0.3622 | -0.0120 | +4.4005 | 4 |" in money
    assert "Outside of episodes" not in text


def test_funding_is_listed_a_settlement_and_summed_a_venue(whole: RoundFacts) -> None:
    """Issue 4 point 3: time, rate, position, payment."""
    text = section(whole)
    assert "| long venue | aster BTCUSDT | 1 | -0.0504 |" in text
    assert "| short venue | hyperliquid BTCUSDT | 1 | +0.0251 |" in text
    assert "| **both** |   | 2 | **-0.0253** |" in text
    assert "| 2026-01-06 13:00:00 | short venue hyperliquid | +0.0050 % | -0.0100 | 50,260.0 | +0.02513000 |" in text
    assert "| 2026-01-06 13:00:00 | long venue aster | +0.0100 % | +0.0100 | 50,400.0 | -0.05040000 |" in text


def test_the_calendar_names_the_next_settlements_in_utc() -> None:
    """S1-52: 8 h and 1 h beside each other. Yearly: values.json funding_annualised_8h and _1h, 10.95 % both."""
    made = Round()
    long, short = (view.s for view in made.play.desk.views)
    long.funding_rate, short.funding_rate = 10_000, 1_250
    text = section(made.end())
    assert (
        "| long venue | aster BTCUSDT | 8 h | +0.0100 % | +10.95 % | 2026-01-06 16:00:00, 2026-01-07 00:00:00, "
        "2026-01-07 08:00:00 |" in text
    )
    assert (
        "| short venue | hyperliquid BTCUSDT | 1 h | +0.0013 % | +10.95 % | 2026-01-06 13:00:00, 2026-01-06 14:00:00, "
        "2026-01-06 15:00:00 |" in text
    )
    assert "No settlement was paid in this round." in text
    assert "Episodes (S0 to S0): none." in text


def test_a_carried_pair_is_listed_leg_by_leg_and_its_next_round_begins_with_it() -> None:
    """K-32: on_round_end carry is the pair's default."""
    made = Round()
    made.open()
    made.lock()
    facts = made.end("carried")
    text = section(facts)
    assert "State at the end **S3 locked**." in text
    assert "| long venue | aster BTCUSDT | +0.0000 | +0.0100 | 50,000.1 | 50,400.0 | 0 |" in text
    assert "| short venue | hyperliquid BTCUSDT | +0.0000 | -0.0100 | 50,259.5 | 50,380.0 | 0 |" in text
    assert "Spread 20.0, residual 0.00 %; carried into the next round." in text
    assert "still running" in text
    assert "+0.0100 BTC on aster, -0.0100 BTC on hyperliquid" in " ".join(verdict_lines(facts))
    before = facts.pairs[0].split
    made.begin(2)
    made.leave()
    second = made.end()
    [pair] = second.pairs
    assert pair.before == before
    assert pair.before.plus(pair.split) == pair.episodes[0].money
    assert (pair.split.spread, pair.split.trend, pair.split.carry) == (0, 200_000_000, 0)
    text = section(second)
    assert f"Of the first one {before.net / 1e8:+,.4f} was made before this round." in text
    assert "Outside of episodes" not in text
    assert "No settlement was paid in this round." in text
    assert pair.split.net == second.money.net
    assert second.identity_ok
    moved = {name: (a, b) for name, a, b in results(facts, second)}
    assert moved["pair lock trend USDT"] == (2.5, 2.0)


def test_prices_of_another_market_are_said_first() -> None:
    """S1-09: a price tape is no recording of the venue that it is put on."""
    market = "usdm + coinm as a price tape on hyperliquid BTC"
    facts = Round(msgspec.structs.replace(REAL, market=market)).end()
    assert verdict_lines(facts)[0].startswith("**A leg traded on borrowed prices** (usdm")


def test_bars_are_said_first() -> None:
    """S1-09: four prices an hour are no book."""
    market = "bars of 1h of binance_usdm BTCUSDT, prices between them are drawn"
    facts = Round(msgspec.structs.replace(REAL, market=market)).end()
    assert verdict_lines(facts)[0].startswith("**The market was bars** (bars of 1h of binance")
    assert "**The market was bars**" in section(facts)


@pytest.mark.parametrize("market", ["synthetic, seed 7", "btc.bin with a synthetic basis, seed 3"])
def test_a_synthetic_market_or_basis_is_said_first(market: str) -> None:
    """S1-09: clearly labelled as such in reports."""
    made = Round(msgspec.structs.replace(REAL, market=market))
    facts = made.end()
    assert verdict_lines(facts)[0].startswith("**The market was synthetic** (" + market)
    assert "**The market was synthetic**" in section(facts)
    assert "Its wish" not in section(facts)
    real = Round().end()
    assert "synthetic" not in report(real, None)
    assert "Market: btc-aster.bin + btc-hyperliquid.bin." in section(real)


def test_a_pair_that_waits_says_for_what() -> None:
    made = Round()
    made.play.desk.waits, made.play.desk.wish = "one venue down: holding", "S0 idle: none: no fresh price"
    text = section(made.end())
    assert "**It waits: one venue down: holding.** Its wish: S0 idle: none: no fresh price." in text


def test_the_lists_are_bounded_and_say_so() -> None:
    made = Round()
    made.open()
    for _ in range(SHOWN_PAYMENTS + 5):
        made.play.settle(SHORT, 0.00001)
    for _ in range(45):
        made.play.state(S0)
        made.play.home()
        made.play.state(S1)
    facts = made.end("carried")
    text = section(facts)
    assert "The newest 60; 5 earlier ones are left out." in text
    assert "the newest, 6 are left out" in text
    assert len(facts.pairs[0].payments) == SHOWN_PAYMENTS + 5
    assert decode(encode(facts), "x") == facts


def test_legs_of_one_symbol_on_two_venues_are_told_apart(whole: RoundFacts) -> None:
    text = report(whole, None).replace("\\", "")
    assert "| pair_lock aster BTCUSDT |" in text
    assert "| pair_lock hyperliquid BTCUSDT |" in text
    assert "### pair_lock aster BTCUSDT" in text
    names = [k.name for k in kpis(whole)]
    assert len(set(names)) == len(names)
    assert not [name for name in names if "without a quote" in name]  # a pair quotes only while it works


def test_a_paying_leg_does_not_make_a_winning_pair_a_loss() -> None:
    """S0-17 looks at the pair, not at the leg that pays."""
    made = Round()
    made.open()
    made.play.settle(SHORT, 0.01)
    made.play.mid(LONG, 50_300.0)
    made.play.settle(LONG, 0.008)
    assert not any("Funding turned" in line for line in verdict_lines(made.end("carried")))
    made.play.settle(LONG, 0.02)
    made.recorder.active = True
    assert any("Funding turned" in line for line in verdict_lines(made.end("carried")))


HOSTILE = ["<script>alert(1)</script>", "a|b|c", "[click](http://evil)", "![x](http://evil/x.png)", "# h\n\n- i", "`x`"]


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_names_and_reasons_stay_text(payload: str, whole: RoundFacts) -> None:
    """R-X5."""
    facts = msgspec.convert(msgspec.to_builtins(whole), RoundFacts)
    pair = facts.pairs[0]
    pair.name = pair.wish = pair.stuck = pair.episodes[0].why = pair.episodes[0].how = payload
    for led in facts.ledgers:
        led.venue = led.base = led.symbol = payload
    facts.run = msgspec.structs.replace(facts.run, market=f"synthetic {payload}")

    def kinds(text: str) -> list[str]:
        return [c.type for t in GFM.parse(text) for c in [t, *(t.children or [])]]

    plain, bad = kinds(report(whole, None)), kinds(report(facts, None))
    assert not {"html_block", "html_inline", "link_open", "image"} & set(bad)
    assert bad.count("heading_open") == plain.count("heading_open")
    assert bad.count("tr_open") == plain.count("tr_open")
    assert bad.count("td_open") == plain.count("td_open")


def test_a_round_without_pairs_is_written_as_before() -> None:
    """No key in its facts, no section, no word of pairs in its report."""
    facts = Made().play(5)
    raw = encode(facts)
    assert b"pair" not in raw
    assert list(json.loads(raw))[-1] == "version"
    assert decode(raw, "x") == facts
    text = report(facts, None, "x.svg")
    for word in ("pair", "Pair", "Trend", "Carry", "calendar", "Episodes", "**The market was synthetic**"):
        assert word not in text
    assert "| Spread earned |" in text
    assert "| Position drift |" in text
    assert "longest time without a quote" in text

"""What --market synthetic means: instruments of one coin are a pair, and synthetic:HOURS is one market for ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.build.assemble import load_config
from core.build.backtest import backtest
from core.build.markets import FIRST_NS, market_of
from core.config.load import Loaded
from core.control.launch import Launch
from core.domain.book import F_BOOK
from core.domain.errors import ConfigError
from core.domain.units import NS_PER_S
from core.market.spread_figures import mids, sampled_bps
from core.market.synthetic import joined

CONFIGS = Path(__file__).parents[3] / "configs"
PAIR, ALONE = CONFIGS / "pair_lock.yml", CONFIGS / "round7.yml"
MINUTE = 60 * NS_PER_S


@pytest.fixture
def loaded() -> Loaded:
    return load_config(PAIR, {})


def test_two_venues_of_one_coin_are_a_pair_and_say_so(loaded: Loaded, state_dir: Path) -> None:
    market = market_of(loaded, ["synthetic"], state_dir, FIRST_NS)
    assert "BTC on binance_usdm:BTCUSDT and hyperliquid:BTC: one seeded price, OU basis with jumps" in market.title
    assert market.source.ref["how"] in market.title
    feeds = [market.source.extend(i, FIRST_NS + 5 * MINUTE) for i in range(2)]
    a, b = (mids(feed, place.instrument.tick) for feed, place in zip(feeds, market.places, strict=True) if feed)
    assert 0.2 < sampled_bps(a, b).std() < 3.0
    assert market.source.end_ns is None


def test_marks_of_an_earlier_run_are_where_both_go_on(loaded: Loaded, state_dir: Path) -> None:
    keys = [place.key for place in market_of(loaded, ["synthetic"], state_dir, FIRST_NS).places]
    market = market_of(loaded, ["synthetic"], state_dir, FIRST_NS, dict(zip(keys, (80_000.0, 80_020.0), strict=True)))
    for i, price in enumerate((80_000.0, 80_020.0)):
        feed = market.source.extend(i, FIRST_NS + NS_PER_S)
        assert feed is not None
        assert mids(feed, market.places[i].instrument.tick)[1][0] == pytest.approx(price, rel=2e-4)


def test_an_instrument_alone_with_its_coin_is_no_pair(state_dir: Path) -> None:
    market = market_of(load_config(ALONE, {}), ["synthetic"], state_dir, FIRST_NS)
    assert "how" not in market.source.ref and "basis" not in market.title


def test_hours_end_and_are_the_same_in_any_chunks_at_any_time(loaded: Loaded, state_dir: Path) -> None:
    end = FIRST_NS + 6 * MINUTE
    whole = market_of(loaded, ["synthetic:0.1"], state_dir, 1).source
    parts = market_of(loaded, ["synthetic:0.1"], state_dir, 2 * FIRST_NS).source
    for i in range(2):
        feed, chunks = whole.extend(i, end + MINUTE), []
        for until in range(FIRST_NS + 25 * NS_PER_S, end + MINUTE, 25 * NS_PER_S):
            chunk = parts.extend(i, until)
            assert (parts.end_ns is None) == (i == 0 or until < end)  # it ends when both have given all
            chunks += [chunk] if chunk is not None else []
        assert feed is not None and parts.extend(i, end + MINUTE) is None
        again = joined([chunk for chunk in chunks if len(chunk.kind)])
        assert all(np.array_equal(x, y) for x, y in zip(again, feed, strict=True))
        assert end - 2 * NS_PER_S < feed.ts_exch[-1] < end and (feed.kind == F_BOOK).sum() > 1_000
    assert whole.end_ns == parts.end_ns == end


@pytest.mark.parametrize(
    "name", ["synthetic:", "synthetic:0", "synthetic:-1", "synthetic:nan", "synthetic:a", "synthetic:721"]
)
def test_hours_that_are_none_are_refused(loaded: Loaded, state_dir: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="Expected synthetic:HOURS"):
        market_of(loaded, [name], state_dir, FIRST_NS)


def test_a_core_that_runs_by_the_clock_refuses_hours(loaded: Loaded, state_dir: Path) -> None:
    with pytest.raises(ConfigError, match="for backtests"):
        market_of(loaded, ["synthetic:1"], state_dir, FIRST_NS, speed=1.0)


def test_a_backtest_on_hours_ends_and_has_one_journal(tmp_path: Path) -> None:
    found = []
    for n in range(2):
        state = tmp_path / f"state{n}"
        launch = Launch(state_dir=state, report_dir=state / "reports", market=("synthetic:0.05",), config=PAIR)
        body = backtest(launch)
        found.append((body["journal_sha256"], body["events"]))
        (report,) = sorted((state / "reports").rglob("round-0001-*.md"))
        assert "synthetic" in report.read_text(encoding="utf-8")
    assert found[0] == found[1] and found[0][1] > 1_500

"""Recordings made of recordings: a synthetic second venue, price tapes, common intervals; the same again from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.config.instruments import find_instrument
from core.domain.book import F_BOOK, F_MARK, F_TRADE, Feed
from core.domain.errors import DataError
from core.domain.units import BUY, NS_PER_S, SELL
from core.market.basis import BasisCharacter
from core.market.files import sniff
from core.market.inverse import contract_of, native_of
from core.market.made import as_tape, cut, reopened, together, with_basis
from core.market.recording import Recording, open_recording
from core.market.spread_figures import mids, sampled_bps, spread_figures
from tests.parity.tapes import START, tape_of
from tests.support.recorded import Recordings

SECONDS = 600
HYPERLIQUID = find_instrument("hyperliquid", "BTC")
BINANCE = find_instrument("binance_usdm", "BTCUSDT")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("made")
    path = tape_of(folder, "BTCUSDT", SECONDS, 60_000.0)
    return open_recording([path], BINANCE, folder / "cache")


def same(a: Feed, b: Feed) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def rows_of(feed: Feed, kind: int) -> np.ndarray:
    return feed.small[feed.row[feed.kind == kind]]


def test_the_second_venue_has_the_same_flow_at_prices_apart_by_the_basis(recorded: Recording) -> None:
    made = with_basis(recorded, HYPERLIQUID, 7)
    assert made.instrument is HYPERLIQUID and made.name.endswith("(synthetic, seed 7)")
    for kind in (F_BOOK, F_TRADE):
        there, here = (one.feed.ts_exch[one.feed.kind == kind] for one in (made, recorded))
        assert np.array_equal(there, here)
    basis = sampled_bps(mids(made.feed, HYPERLIQUID.tick), mids(recorded.feed, BINANCE.tick))
    figures = spread_figures(basis[:345])
    sd, jumps = figures["sd_bps"], figures["jumps_per_min"]
    assert sd is not None and jumps is not None
    assert 0.4 < sd < 1.0 and 0.5 < jumps < 8.0  # recorded 0.59 to 0.65, 1.5 to 5.1
    assert (made.feed.book_px[:, BUY, 0] < made.feed.book_px[:, SELL, 0]).all()


def test_its_receive_times_marks_and_calendar_are_those_of_the_other_venue(recorded: Recording) -> None:
    feed = with_basis(recorded, HYPERLIQUID, 7).feed
    delay = feed.ts_recv - feed.ts_exch
    assert (delay >= 0).all() and (np.diff(feed.ts_recv) >= 0).all()
    assert 357e6 < np.median(delay) < 600e6  # p50 of its venue file: 357 ms; nothing overtakes, so it is more
    at, marks = feed.ts_exch[feed.kind == F_MARK], rows_of(feed, F_MARK)
    assert (np.diff(at) == NS_PER_S).all() and len(at) >= SECONDS - 2
    assert (marks[:, 3] - at <= HYPERLIQUID.funding_interval_ns).all()
    assert (np.abs(marks[:, 2]) <= HYPERLIQUID.funding_cap).all()
    mark, index = marks[:, 0] * HYPERLIQUID.tick, marks[:, 1] * HYPERLIQUID.tick
    t, mid = mids(recorded.feed, BINANCE.tick)
    held = mid[np.searchsorted(t, at, "right") - 1]
    assert np.abs(index - held).max() <= 0.5 * HYPERLIQUID.tick + 1e-6
    assert 1e4 * np.abs(mark / held - 1.0).max() < 15.0


def test_the_seed_alone_says_what_is_drawn(recorded: Recording) -> None:
    once, again, other = (with_basis(recorded, HYPERLIQUID, seed).feed for seed in (7, 7, 8))
    assert same(once, again) and not same(once, other)


def test_a_basis_of_nothing_is_the_market_itself_on_the_other_grid(recorded: Recording) -> None:
    flat = BasisCharacter(0.0, 1e-9, 2.7, 1e-12, 2.5, 0.0, 0.0)
    made = with_basis(recorded, HYPERLIQUID, 7, flat)
    apart = sampled_bps(mids(made.feed, HYPERLIQUID.tick), mids(recorded.feed, BINANCE.tick))
    assert np.abs(apart).max() * 1e-4 * 60_000 <= HYPERLIQUID.tick  # whole dollars there, outward on both sides


def test_it_says_that_it_is_synthetic_and_can_be_made_again_from_the_files(recorded: Recording) -> None:
    made = cut(with_basis(recorded, HYPERLIQUID, 7), START + 10 * NS_PER_S, START + 500 * NS_PER_S)
    assert any(label.startswith("synthetic: hyperliquid BTC is the recording of binance_usdm") for label in made.labels)
    again = reopened(made.paths, HYPERLIQUID, Path(recorded.paths[0]).parent / "cache", 0, made.made)
    assert same(again.feed, made.feed) and again.labels == made.labels and again.made == made.made
    plain = reopened(recorded.paths, BINANCE, Path(recorded.paths[0]).parent / "cache")
    assert same(plain.feed, recorded.feed) and plain.made is None


def test_recordings_of_one_coin_are_cut_to_the_interval_that_all_cover(recorded: Recording) -> None:
    made = with_basis(recorded, HYPERLIQUID, 7)
    late = cut(made, START + 100 * NS_PER_S, START + 200 * NS_PER_S)
    first, second = together([recorded, late])
    assert second is late and first.first_ts >= late.first_ts and first.last_ts <= late.last_ts
    lost = 1.0 - len(first.feed.kind) / len(recorded.feed.kind)
    assert first.labels[-1] == f"cut to the interval that both venues cover: {lost:.0%} of its rows left out"
    assert 0.75 < lost < 0.9
    assert together([recorded]) == [recorded]
    before = cut(made, START, START + 50 * NS_PER_S)
    with pytest.raises(DataError, match="Expected recordings of one time"):
        together([before, late])
    with pytest.raises(DataError, match="common interval"):
        cut(recorded, START + 2 * SECONDS * NS_PER_S, START + 3 * SECONDS * NS_PER_S)


def test_spot_prices_as_a_tape_on_a_linear_instrument(recordings: Recordings, cache: Path) -> None:
    spot = find_instrument("binance_spot", "BTCUSDT")
    days = [recordings(f"wire/binance_spot_btcusdt_202408{day}.txt.gz") for day in ("08", "09")]
    source = open_recording(days, spot, cache)
    tape = as_tape(source, HYPERLIQUID)
    assert same(reopened(tape.paths, HYPERLIQUID, cache, 0, tape.made).feed, tape.feed)
    assert np.array_equal(tape.feed.ts_recv, source.feed.ts_recv)
    apart = sampled_bps(mids(tape.feed, HYPERLIQUID.tick), mids(source.feed, spot.tick))
    assert np.abs(apart).max() < 0.1  # half a dollar of 61,000
    assert "which is not it" in tape.labels[-1]


def test_coin_m_is_refused_as_a_market_and_read_as_prices(recordings: Recordings, cache: Path) -> None:
    """Issue 4: an inverse contract is a price tape only. USD-M minus COIN-M is -0.97 bps, as calibrated."""
    files = [recordings(f"wire/binance_cm_btcusd_perp_202408{day}.txt.gz") for day in ("08", "09")]
    with pytest.raises(DataError, match="COIN-M"):
        sniff(files[0])
    native = native_of(files, BINANCE)
    assert (native.quote, contract_of(native)) == ("USD", 100.0)
    tape = as_tape(open_recording(files, native, cache), HYPERLIQUID, contract_of(native))
    usdm = open_recording([recordings("wire/binance_usdm_btcusdt_20240808.txt.gz")], BINANCE, cache)
    apart = sampled_bps(mids(usdm.feed, BINANCE.tick), mids(tape.feed, HYPERLIQUID.tick))
    assert apart.mean() == pytest.approx(-0.97, abs=0.1)
    with pytest.raises(DataError, match="BTCUSDPERP"):
        native_of(files, find_instrument("binance_usdm", "ETHUSDC"))

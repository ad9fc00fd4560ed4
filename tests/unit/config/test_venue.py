"""Venue files: exact integers, ranges that int64 can hold, and one clear message for what is wrong."""

from __future__ import annotations

import pathlib

import pytest

from core.config.locate import config_dir
from core.config.venue import Venue, load_venue
from core.domain.errors import ConfigError
from core.domain.instrument import Tier, spec_of
from core.domain.units import MAX_NOTIONAL

TEXT = (config_dir() / "venues" / "binance_usdm_ethusdc.yml").read_text(encoding="utf-8")


def loaded(tmp_path: pathlib.Path, old: str = "", new: str = "") -> Venue:
    assert TEXT.count(old) >= 1
    path = tmp_path / "v.yml"
    path.write_text(TEXT.replace(old, new, 1) if old else TEXT, encoding="utf-8")
    return load_venue(path)


def test_ethusdc_has_the_filters_of_the_source(tmp_path: pathlib.Path) -> None:
    """S3-29."""
    venue = loaded(tmp_path)
    i = venue.instrument
    assert (i.tick, i.lot, i.unit) == (0.01, 0.001, 1000)
    assert (i.min_lots, i.max_lots, i.min_notional) == (1, 1_000_000, 10 * 10**8)
    assert (i.maker_fee_ppm, i.taker_fee_ppm) == (200, 500)
    assert (i.price_digits, i.size_digits) == (2, 3)
    assert i.tiers[0] == Tier(0, 4000, 125) and i.tiers[2] == Tier(500_000 * 10**8, 6500, 75)
    assert i.funding_interval_ns == 8 * 3600 * 10**9 and i.funding_rate == 10_000
    assert not venue.spot and all("20" in source for source in venue.sources.values())


def test_tier_amounts_are_the_venues_published_ones(tmp_path: pathlib.Path) -> None:
    """The maintenance amounts that Binance prints beside these brackets: 50, 800, 4,300, 54,300 ..."""
    spec = spec_of(loaded(tmp_path).instrument)
    got = [spec.s.tier_cum[n] / 1e8 for n in range(spec.s.n_tiers)]
    assert got[:6] == [0, 50, 800, 4300, 54300, 1554300]
    assert got[10] == 182804300


CASES = [
    ("  tick: 0.01 ", "  tick: 0.000001 ", "Expected a whole number from 1e-06 x 0.001 x 1e8"),
    ("  tick: 0.01 ", "  tick: 0 ", "greater than 0 for grid.tick"),
    ("  tick: 0.01 ", '  tick: "0.01" ', "Expected a number"),
    ("  tick: 0.01 ", "  tick: .nan ", "Expected a finite number"),
    ("  lot: 0.001 ", "  lot: 0.0015 ", "Expected a multiple of 0.0015, was 0.001 for grid.min_qty"),
    ("  min_qty: 0.001 ", "  min_qty: 0.0005 ", "Expected a multiple of 0.001"),
    ("  min_qty: 0.001 ", "  min_qty: 2000 ", "Expected max_qty >= min_qty 2000, was 1000"),
    ("  max_qty: 1000 ", "  max_qty: 10000 ", "Expected max_qty x max_price <= 11,258,999 USDC"),
    ("  max_qty: 1000 ", "  max_qty: 10000 ", "max_qty 1023.545 fits"),
    ("  max_price: 11000 ", "  max_price: 1e8 ", "Expected max_qty x max_price"),
    ("  max_price: 11000 ", "  max_price: 11000.001 ", "Expected a multiple of 0.01"),
    ("  min_notional: 10 ", "  min_notional: 1e-9 ", "Expected a whole number"),
    ("  reference_price: 2970 ", "  reference_price: 20000 ", "Expected reference_price <= 11000"),
    ("  maker_bps: 2.0 ", "  maker_bps: 0.02% ", "Expected a number"),
    ("  maker_bps: 2.0 ", "  maker_bps: 0.0001 ", "Expected a whole number from 0.0001 x 1e2"),
    ("  taker_bps: 5.0", "  taker_bps: 500", "less than or equal to 100"),
    ("  taker_bps: 5.0", "  taker_ppm: 500", "did you mean 'taker_bps'"),
    ("  mode: isolated", "  mode: portfolio", "Expected 'isolated' or 'cross'"),
    ("  default_leverage: 10", "  default_leverage: 200", "Expected default_leverage <= 125, was 200"),
    ("{floor: 0, mmr_pct: 0.4,", "{floor: 5, mmr_pct: 0.4,", "Expected the first tier at floor 0"),
    ("{floor: 50000, mmr_pct: 0.5,", "{floor: 500000, mmr_pct: 0.5,", "Expected rising tier floors"),
    ("{floor: 50000, mmr_pct: 0.5,", "{floor: 50000, mmr_pct: 0.3,", "Expected rising maintenance rates"),
    (
        "mmr_pct: 50.0, max_leverage: 1}",
        "mmr_pct: 50.0, max_leverage: 2}\n    - {floor: 600000000, mmr_pct: 99.9, max_leverage: 2}",
        "below 1 / leverage",
    ),
    ("  interval_h: 8", "  interval_h: 3", "Expected 1, 2, 4 or 8"),
    ("  offset_h: 0", "  offset_h: 8", "less than or equal to 7"),
    ("  rate_assumed_bps: 1.0 ", "  rate_assumed_bps: 301 ", "Expected a rate within cap_bps 300"),
    ("entry: {p50_ms: 40, p99_ms: 340}", "entry: {p50_ms: 400, p99_ms: 340}", "Expected p99_ms >= p50_ms 400"),
    ("contract: linear", "contract: inverse", "Expected 'linear' or 'spot'"),
    ("contract: linear", "contract: spot", "Expected no margin of a spot market"),
    ("  amend: true", "  amend: yes", "Expected true or false"),
    ('read 2026-11-21"', 'read lately"', "pattern"),
    ('  source: "steps and minima', '  note: "steps and minima', "known"),
    ("network: simulated", "network: live", "Expected 'simulated'"),
]


@pytest.mark.parametrize(("old", "new", "say"), CASES, ids=[new.strip() for _, new, _ in CASES])
def test_a_wrong_figure_is_refused_with_line(tmp_path: pathlib.Path, old: str, new: str, say: str) -> None:
    """R-C1."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, old, new)
    assert say in str(caught.value)
    assert caught.value.line > 0 and str(caught.value).startswith(f"{tmp_path / 'v.yml'}:{caught.value.line}: ")


def test_the_largest_order_of_every_shipped_file_fits_int64_money() -> None:
    for path in sorted((config_dir() / "venues").glob("*.yml")):
        venue = load_venue(path)
        i = venue.instrument
        ticks = round(venue.reference_price / i.tick)
        assert 0 < ticks * i.max_lots * i.unit <= MAX_NOTIONAL, path.name
        assert path.stem == f"{i.venue}_{i.symbol.lower()}"
        spec = spec_of(i)
        assert 0 <= spec.s.tier_cum[spec.s.n_tiers - 1] < 2**62

"""Flatten with 1,000 resting orders and 10 positions on 10 instruments: zero, and the venue said so."""

from __future__ import annotations

import pathlib

import pytest

from core.build.assemble import engine_of, load_config
from core.build.markets import synthetic
from core.config.locate import config_dir
from core.domain.commands import Flatten
from core.domain.events import Asked, Started
from core.domain.order import CREATE, GTC, IOC, LIMIT, MARKET, SLOTS, Request
from core.domain.units import BUY, MONEY, NS_PER_S, SELL
from core.engine.journal import Journal
from core.engine.simulate import SimDriver
from core.exchange.exchange import SimExchange
from core.kernel import best_kernels
from core.venues.lanes import Open, WireGate
from core.venues.simulated import PlainVenue

N, ORDERS, EQUITY, SEED = 10, 100, 100_000.0, 11
FOREIGN_SEQ = 1 << 43  # ids that no strategy of this run gives


@pytest.fixture
def many(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> SimDriver:
    """Ten market makers on ten instruments of one account."""
    text = (config_dir() / "venues" / "binance_usdm_ethusdc.yml").read_text(encoding="utf-8")
    lines = [f"equity: {EQUITY}", "strategies:"]
    for n in range(N):
        symbol = f"ETH{n}USDC"
        (tmp_path / f"binance_usdm_{symbol.lower()}.yml").write_text(
            text.replace("symbol: ETHUSDC", f"symbol: {symbol}").replace("binance_usdm_ethusdc_", f"none_{n}_")
        )
        lines += [f"  - {{name: mm-{n}, kind: asmm, venue: binance_usdm, symbol: {symbol}}}"]
    (tmp_path / "many.yaml").write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("PERP_VENUE_DIR", str(tmp_path))
    loaded = load_config(tmp_path / "many.yaml", {"seed": SEED})
    market = synthetic(loaded, 1_800_000_000 * NS_PER_S, {})
    kernels, equity = best_kernels(), round(EQUITY * MONEY)
    engine = engine_of(loaded, market.source, market.places, Journal(None), kernels, equity=equity)
    exchange = SimExchange([place.instrument for place in market.places], equity, SEED, kernels)
    driver = SimDriver(engine, PlainVenue(exchange), market.source, WireGate(Open(), 100_000))
    driver.push(Started(loaded.sha256, SEED, "PAPER", 1))
    return driver


def crowd(driver: SimDriver) -> None:
    """A position and a hundred resting orders on every instrument, with ids of ours from an earlier run."""
    exchange, seq = driver.exchange, FOREIGN_SEQ
    for place in range(N):
        mid = (exchange.markets[place].s.px[BUY][0] + exchange.markets[place].s.px[SELL][0]) // 2
        exchange.send(Request(0, place, CREATE, seq * SLOTS, 0, BUY, 0, 20, MARKET, IOC, 0, 0), driver.now)
        for k in range(ORDERS):
            seq += 1
            side = k % 2
            px = mid - 1000 - 20 * k if side == BUY else mid + 1000 + 20 * k
            exchange.send(Request(0, place, CREATE, seq * SLOTS, 0, side, px, 10, LIMIT, GTC, 0, 0), driver.now)
        seq += 1


@pytest.mark.slow
@pytest.mark.timeout(400)  # a minute of virtual stop with a thousand orders, plain kernels
def test_flatten_brings_a_thousand_orders_and_ten_positions_to_zero_at_the_venue(many: SimDriver) -> None:
    """UC-05, S3-55, R-E3, R-E6, R-E8 (seed 11)."""
    driver = many
    begin = driver.now
    driver.run(begin + 15 * NS_PER_S)
    crowd(driver)
    driver.run(begin + 18 * NS_PER_S)
    assert len(driver.exchange.open_orders()) >= N * ORDERS
    assert len(driver.exchange.positions()) == N
    driver.push(Asked(Flatten(id="panic")))
    driver.run(begin + 60 * NS_PER_S)
    assert driver.exchange.open_orders() == ()
    assert driver.exchange.positions() == ()
    assert driver.engine.state.run == "FLAT"
    progress = driver.engine.stopping.progress()
    assert progress is not None and progress.verified == "sealed"

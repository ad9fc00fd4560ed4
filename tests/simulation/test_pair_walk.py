"""The demonstration's market through the whole core in virtual time: every state, in both directions, any seed (S1)."""

from __future__ import annotations

import pathlib

import pytest

from core.build.assemble import load_config
from core.build.backtest import simulate
from core.build.markets import market_of
from core.build.observers import Observers
from core.domain.pair import LONG, S0, S1, S2, S3, S4, S5, SHORT
from core.domain.units import MONEY, NS_PER_MS
from core.engine.journal import Journal
from core.engine.simulate import SimDriver
from core.kernel import Kernels
from core.market.pair_walk import ACTS, NAME

NOW = 1_767_700_000_000_000_000
PATHS = [[S0, S1, S2, S3, S4, S0], [S0, S1, S2, S3, S5, S0]]


def walked(folder: pathlib.Path, seed: int) -> tuple[SimDriver, Observers, Journal]:
    loaded = load_config("demo_pair", {"seed": seed})
    journal = Journal(None)
    market = market_of(loaded, [NAME], folder, NOW)
    driver, observers = simulate(loaded, market, journal, folder, Kernels("plain"))
    return driver, observers, journal


@pytest.mark.row("S1-01")
@pytest.mark.parametrize("demo_seed", [0, 7, 19, 34, 50])
def test_pair_walks_every_state_long_first_then_short_first(tmp_path: pathlib.Path, demo_seed: int) -> None:
    """S1-01, S1-35..40, S1-42: open, lock, unlock A and B, leave; K-13: S2 is a state of its own, both directions."""
    driver, observers, _ = walked(tmp_path, demo_seed)
    pair = observers.measures.pairs[0]
    done = list(pair.episodes.done)
    assert [one.path for one in done] == PATHS == [[int(s[1]) for s in act.path] for act in ACTS]
    assert [one.first for one in done] == [LONG, SHORT]
    assert ["rebound" in one.why for one in done] == [True, True]
    for one, kept in zip(done, (S4, S5), strict=True):
        for state in (S1, S3, kept):
            assert one.in_state[state] >= 4_000 * NS_PER_MS, (state, one.in_state)
        assert one.in_state[S2] >= 30 * NS_PER_MS  # three looks of the narrator, one round trip of the faster venue
    assert [post.ledger.s.pos for post in driver.engine.posts] == [0, 0]


@pytest.mark.row("S1-61")
def test_money_of_the_walk_is_split_to_the_last_unit(tmp_path: pathlib.Path) -> None:
    """S1-61: spread, trend, carry, fees and execution add up to what both ledgers made; carry is what was settled."""
    driver, observers, _ = walked(tmp_path, 7)
    split = observers.measures.pairs[0].money()
    posts = driver.engine.posts
    assert split.net == sum(post.net_pnl() for post in posts)
    assert split.carry == sum(post.ledger.s.funding for post in posts)
    # 0.01 BTC near 100,800: received 2 bp short, paid 1 bp long
    assert split.carry == pytest.approx(0.01 * 100_800 * 1e-4 * MONEY, rel=1e-3)
    assert split.fees > 0


def test_walk_is_the_same_to_the_last_byte(tmp_path: pathlib.Path) -> None:
    _, _, one = walked(tmp_path / "a", 11)
    _, _, two = walked(tmp_path / "b", 11)
    _, _, other = walked(tmp_path / "c", 12)
    assert one.sha256 == two.sha256 != other.sha256

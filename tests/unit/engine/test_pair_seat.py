"""The line-up of a pair: which posts are its legs, what a switch writes, and when it may be."""

from __future__ import annotations

import pathlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from core.build.assemble import engine_of, load_config
from core.build.markets import market_of
from core.build.pair_desk import pairs_of_engine
from core.domain.errors import ConfigError, Refused
from core.domain.events import Note
from core.domain.pair import LONG, SHORT
from core.domain.units import MONEY
from core.engine.engine import Engine
from core.engine.journal import Journal
from core.engine.pair_lineup import ASTRAY, BACKUP, ORDERS, OWN, grains_of_all, params_of
from core.engine.pair_seat import PairSeat
from core.execution.pair_saga import words as w
from core.execution.pair_saga.blocks import grains_of
from core.kernel import Kernels
from core.strategies.pair_lock.strategy import PairLock
from tests.simulation.pair_backup import with_backup
from tests.simulation.pair_config import lively

LOTS = st.sampled_from([1e-5, 3e-5, 1e-4, 0.001, 0.002, 0.01, 0.25, 1.0])
NOW = 10**18


def engine_in(folder: pathlib.Path, backup: bool = True) -> Engine:
    loaded = load_config(with_backup(folder) if backup else lively(folder), {})
    market = market_of(loaded, ["synthetic"], folder, 0)
    return engine_of(
        loaded, market.source, market.places, Journal(None), Kernels("plain"), equity=round(1000 * MONEY),
        owners=range(len(market.places)),
    )  # fmt: skip


def seat_in(folder: pathlib.Path, backup: bool = True) -> PairSeat:
    [seat] = engine_in(folder, backup).seats
    assert isinstance(seat, PairSeat)
    return seat


def moved(seat: PairSeat, leg: int) -> None:
    """The saga asks for the backup of `leg`, as after a failed lock."""
    s = seat.saga.s
    s.state, s.first, s.venue[leg] = w.S2_LOCKING, 1 - leg, 1
    s.sign[LONG], s.sign[SHORT], s.n_wakes = 1, -1, 5
    assert seat.lineup._changed(NOW, [])


@given(st.lists(LOTS, min_size=2, max_size=3))
def test_grains_are_a_common_measure_of_all_lots(lots: list[float]) -> None:
    """One measure for three venues, so that no switch changes what a grain is; of two it is the greatest."""
    grains = grains_of_all(lots)
    sizes = [Fraction(f"{lot:.12f}") / n for lot, n in zip(lots, grains, strict=True)]
    assert len(set(sizes)) == 1 and all(n > 0 for n in grains)
    if len(lots) == 2:
        assert grains == grains_of(*(f"{lot:.12f}" for lot in lots))


def test_each_order_has_the_lots_and_bounds_of_its_venues(tmp_path: pathlib.Path) -> None:
    seat = seat_in(tmp_path)
    lots = [post.instrument.lot for post in seat.posts]
    assert lots == [0.001, 0.00001, 0.0001]
    for order, grains in zip(ORDERS, [(100, 1), (10, 1), (100, 10)], strict=True):
        p = params_of(seat.strategy, seat.posts, order).s
        assert tuple(p.lot_grains) == grains
        assert tuple(p.down_ns) == tuple(max(2 * 10**9, seat.posts[n].instrument.book_stale_ns) for n in order)


@pytest.mark.parametrize("leg", OWN)
def test_a_switch_binds_ledger_lots_desk_and_window_of_the_backup(tmp_path: pathlib.Path, leg: int) -> None:
    """S1-54: what the old venue traded before is not the new one's; what the strategy knows of it is set aside."""
    seat = seat_in(tmp_path)
    strategy, backup, own = seat.strategy, seat.posts[BACKUP], seat.posts[leg]
    assert isinstance(strategy, PairLock)
    own.ledger.s.traded_lots[0] = own.ledger.s.traded_lots[1] = 77
    backup.ledger.s.traded_lots[0] = backup.ledger.s.traded_lots[1] = 5
    strategy.state.s.px[leg], strategy.state.s.px[1 - leg] = 60_000.0, 60_010.0
    window = strategy.window
    window.s.n, window.s.ok = 9, 1
    moved(seat, leg)
    s, lineup = seat.saga.s, seat.lineup
    assert (lineup.on_backup, seat.saga_wish.s.bound[leg], s.venue[leg]) == (leg, 1, 1)
    assert (s.seen_buy[leg], s.seen_sell[leg], s.bought[leg], s.sold[leg]) == (5, 5, 0, 0)
    assert lineup.playing[leg] is backup and lineup.playing[1 - leg] is seat.posts[1 - leg]
    assert seat.saga_params.s.lot_grains[leg] == grains_of_all([p.instrument.lot for p in seat.posts])[BACKUP]
    assert strategy.planned_lots(leg) == 100 and strategy.net_cap(leg) == round(0.01 / own.instrument.lot)
    assert strategy.block is not None and strategy.block.s.lot[leg] == backup.instrument.lot
    assert strategy.state.s.px[leg] == 0.0 and strategy.state.s.px[1 - leg] == 60_010.0
    assert strategy.window is not window and strategy.window.s.n == 0
    assert seat.picture().legs[leg].venue == "standx"
    assert seat.cell() == "backup standx: S2 locking"
    s.state, s.busy = w.S0_FLAT, 0
    assert lineup._changed(NOW, [])
    assert (lineup.on_backup, lineup.order, seat.saga_wish.s.bound[leg]) == (-1, OWN, 0)
    assert strategy.state.s.px[leg] == 60_000.0 and strategy.window is window and window.s.n == 9
    assert window.s.ok == 0, "bands of before: the next sample sets them"
    assert seat.cell() == "S0 flat"


def test_the_old_venue_must_be_empty_before_a_lock_goes_elsewhere(tmp_path: pathlib.Path) -> None:
    """K-28: with something filled or alive there, no order leaves for the backup."""
    seat = seat_in(tmp_path)
    s, ledger = seat.saga.s, seat.posts[SHORT].ledger.s
    s.state, s.first, s.venue[SHORT] = w.S2_LOCKING, LONG, 1
    for name in ("pos", "n_live"):
        setattr(ledger, name, 1)
        assert not seat.lineup._changed(NOW, []) and seat.lineup.on_backup == -1
        setattr(ledger, name, 0)
    assert seat.lineup._changed(NOW, []) and seat.lineup.on_backup == SHORT


@pytest.mark.parametrize("what", ["position", "order", "no book", "old book", "risk"])
def test_a_backup_is_ready_only_while_it_can_be_acted_on(tmp_path: pathlib.Path, what: str) -> None:
    seat = seat_in(tmp_path)
    post = seat.posts[BACKUP]
    view = post.view.s
    view.book_ok, view.ts_recv, view.px[0][0], view.px[1][0] = 1, NOW, 100, 101
    assert seat.lineup._ready(NOW)
    match what:
        case "position":
            post.ledger.s.pos = -1
        case "order":
            post.ledger.s.n_live = 1
        case "no book":
            view.book_ok = 0
        case "old book":
            view.ts_recv = NOW - 31 * 10**9
        case _:
            post.risk.s.pull_quotes = 1
    assert not seat.lineup._ready(NOW)


def test_only_the_venues_that_play_let_entries_in(tmp_path: pathlib.Path) -> None:
    """A backup without data bars nothing; a position where no leg is bars every entry."""
    seat = seat_in(tmp_path)
    assert seat.lets_in()
    seat.posts[BACKUP].risk.s.pull_quotes = 1
    assert seat.lets_in()
    seat.posts[SHORT].risk.s.pull_quotes = 1
    assert not seat.lets_in()
    seat.posts[SHORT].risk.s.pull_quotes = 0
    seat.lineup.astray = True
    assert not seat.lets_in()


def test_what_is_where_no_leg_is_is_shown_and_told(tmp_path: pathlib.Path) -> None:
    """The net on the screen is of all three ledgers, and the pair says what it waits for."""
    seat = seat_in(tmp_path)
    post, lineup, notes = seat.posts[BACKUP], seat.lineup, list[Note]()
    lineup._close_strays(NOW, notes)
    assert (lineup.astray, seat.stuck(), notes) == (False, "", [])
    post.ledger.s.pos = 100
    lineup._close_strays(NOW + 1, notes)
    lineup._close_strays(NOW + 2, notes)
    assert lineup.astray and seat.stuck() == ASTRAY and lineup.astray_since() == NOW + 1
    row = seat.picture()
    assert row.net == pytest.approx(0.01) and (row.stuck, row.stuck_since) == (ASTRAY, NOW + 1)
    assert seat.wake_by(NOW) > NOW
    assert [(note.level, note.code) for note in notes] == [("crit", "pair_stray")] and "+0.01 BTC" in notes[0].text
    post.ledger.s.pos = 0
    lineup._close_strays(NOW + 3, notes)
    assert not lineup.astray and seat.stuck() == "" and seat.lets_in() and len(notes) == 1


def test_money_is_limited_over_all_three_ledgers(tmp_path: pathlib.Path) -> None:
    """S1-22: what one leg loses another may have made, the backup's included."""
    seat = seat_in(tmp_path)
    for n, post in enumerate(seat.posts):
        post.ledger.s.realised = 10 ** (n + 1)
    seat.guard(NOW, [])
    assert [post.risk.s.peer_net for post in seat.posts] == [1100, 1010, 110]


def test_what_was_kept_binds_the_backup_again(tmp_path: pathlib.Path) -> None:
    """S1-43: nothing is set aside a second time."""
    seat, fresh = seat_in(tmp_path), seat_in(tmp_path)
    assert isinstance(seat.strategy, PairLock) and isinstance(fresh.strategy, PairLock)
    seat.strategy.state.s.px[SHORT] = 60_000.0
    moved(seat, SHORT)
    seat.strategy.state.s.px[SHORT] = 61_000.0
    for name, block in fresh.own_blocks().items():
        block.load(seat.own_blocks()[name].image())
    assert fresh.cell() == seat.cell() and fresh.lineup.order == (LONG, BACKUP)
    assert fresh.strategy.state.s.px[SHORT] == 61_000.0 and fresh.strategy.aside.s.px[SHORT] == 60_000.0
    assert fresh.strategy.window is fresh.strategy.windows[LONG, BACKUP]


def test_without_a_backup_there_is_nothing_of_it(tmp_path: pathlib.Path) -> None:
    seat = seat_in(tmp_path, backup=False)
    names = set(seat.own_blocks())
    assert not [name for name in names if "stray" in name or "backup" in name or "aside" in name]
    assert (len(seat.posts), seat.lineup.strays, seat.lineup.on_backup) == (2, [], -1)
    assert seat.saga_params.s.has_backup == 0


def test_the_measures_are_told_the_third_ledger(tmp_path: pathlib.Path) -> None:
    engine = engine_in(tmp_path)
    [legs] = pairs_of_engine(engine)
    assert (legs.long, legs.short, legs.backup) == (0, 1, 2) and legs.playing is not None
    assert legs.playing() == (0, 1)
    [seat] = engine.seats
    assert isinstance(seat, PairSeat)
    moved(seat, LONG)
    assert legs.playing() == (2, 1)


@pytest.mark.parametrize(
    ("backup", "said"),
    [
        ({"venue": "hyperliquid", "symbol": "BTC"}, "Expected a backup on a third venue, was hyperliquid"),
        ({"venue": "aster", "symbol": "ETHUSDT"}, "Expected both legs and the backup of one coin"),
        ({"venue": "nowhere", "symbol": "BTC"}, "nowhere"),
        ({"venue": "standx"}, "symbol"),
    ],
)
def test_a_backup_that_cannot_be_meant_is_refused(tmp_path: pathlib.Path, backup: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config(with_backup(tmp_path, backup), {})


def test_a_backup_whose_smallest_order_is_larger_than_the_leg_is_refused_at_the_start(tmp_path: pathlib.Path) -> None:
    """Not in the middle of a lock."""
    seat = seat_in(tmp_path)
    seat.desk.instruments = [*seat.desk.instruments[:2], structs.replace(seat.posts[BACKUP].instrument, min_lots=1000)]
    with pytest.raises(Refused, match="standx"):
        seat.strategy.bind(Kernels("plain"), seat.desk)

"""What an engine does about changed terms: bounds in the one block that kernels read, a stop's grids, a pair's legs."""

from __future__ import annotations

import pathlib

import pytest

from core.domain.events import W_INPUT, Moment, Relisted, Started
from core.engine.engine import Engine
from core.engine.pair_seat import PairSeat
from core.engine.relisting import barred
from core.engine.runstate import HALTING
from tests.unit.engine.test_pair_seat import NOW, engine_in


def told(engine: Engine, event: Relisted, ts: int = 1) -> list[tuple[str, str]]:
    step = engine.process(Moment(NOW + ts, W_INPUT, inputs=(event,)))
    return [(note.code, note.text) for note in step.notes]


@pytest.fixture
def engine(tmp_path: pathlib.Path) -> Engine:
    made = engine_in(tmp_path, backup=False)
    made.process(Moment(NOW, W_INPUT, inputs=(Started("", 1, "LIVE", 1),)))
    return made


@pytest.mark.row("R-N5")
def test_bounds_are_the_tighter_of_venue_and_configuration(engine: Engine) -> None:
    post, other = engine.posts[0], engine.posts[1]
    x, s = post.instrument, post.spec.s
    told(engine, Relisted(post.place, min_lots=x.min_lots + 4, max_lots=x.max_lots - 1, min_notional=1, band_ppm=1_000))
    assert (s.min_lots, s.max_lots, s.min_notional) == (x.min_lots + 4, x.max_lots - 1, x.min_notional)
    assert s.band_ppm == 1_000 and (post.grid.min_lots, post.grid.max_lots) == (s.min_lots, s.max_lots)
    assert other.spec.s.min_lots == other.instrument.min_lots, "of that instrument alone"
    told(engine, Relisted(post.place, min_lots=1, max_lots=1 << 40), 2)
    assert (s.min_lots, s.max_lots, s.band_ppm) == (x.min_lots, x.max_lots, x.band_ppm)


@pytest.mark.row("R-N6")
def test_a_closed_market_shuts_the_leg_of_a_pair_and_opens_it_again(engine: Engine) -> None:
    """The saga holds through a leg that is shut, whatever its book says: nothing is closed on one side alone."""
    [seat] = engine.seats
    assert isinstance(seat, PairSeat)
    leg = seat.lineup.playing[1]
    codes = [code for code, _ in told(engine, Relisted(leg.place, closed="SETTLING", text="X: state"))]
    assert "market_closed" in codes and leg.shut
    seat.ask(NOW + 5, 0, [])
    assert list(seat.saga_wish.s.shut) == [0, 1] and seat.saga.s.down[1] == 1
    codes = [code for code, _ in told(engine, Relisted(leg.place, text="X: state"), 9)]
    assert "market_open" in codes
    seat.ask(NOW + 10, 0, [])
    assert list(seat.saga_wish.s.shut) == [0, 0]


@pytest.mark.row("R-N5")
def test_a_new_grid_latches_once_with_what_was_what_is_and_the_next_step(engine: Engine) -> None:
    event = Relisted(0, lot_step=10, halt="lot was 0.001, is 0.01", text="ETH: lot was 0.001, is 0.01")
    notes = dict(told(engine, event))
    assert engine.state.run == HALTING and "latched" in notes
    text = notes["relisted"]
    assert "lot was 0.001, is 0.01" in text and "flatten" in text and "configs/venues" in text
    assert barred(engine) == "lot was 0.001, is 0.01"
    assert engine.stopping.runs[engine.posts[0].account].closeout.grids[0].lot_step == 10
    assert "latched" not in dict(told(engine, event, 2)), "said again it is no new stop"
    told(engine, Relisted(0, text="as it was"), 3)
    assert barred(engine) == "" and engine.stopping.runs[engine.posts[0].account].closeout.grids[0].lot_step == 1

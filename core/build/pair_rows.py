"""The pairs as consoles draw them: the seat's picture with the running round's money in it."""

from __future__ import annotations

from msgspec import structs

from core.domain.pair_picture import PairRow, PairSplit
from core.domain.units import MONEY
from core.engine.engine import Engine
from core.engine.pair_seat import PairSeat
from core.rounds.recorder import Recorder


def pair_rows(engine: Engine, recorder: Recorder) -> tuple[PairRow, ...]:
    """One row a pair, in config order; before the first round there is no money to split."""
    seats = [seat for seat in engine.seats if isinstance(seat, PairSeat)]
    if not recorder.active:
        return tuple(seat.picture() for seat in seats)
    out = []
    for seat, round in zip(seats, recorder.pairs.rounds, strict=True):
        money = round.split()
        parts = {name: getattr(money, name) / MONEY for name in PairSplit.__struct_fields__}
        out.append(structs.replace(seat.picture(), split=PairSplit(**parts)))
    return tuple(out)

"""A pair whose leg is on the backup venue says so on the screen: in the state's word and in the leg's venue."""

from __future__ import annotations

import msgspec
import pytest

from core.domain.pair_picture import PairRow
from screens.panes import pair_legs, pair_state, state
from tests.console.fabricated_pair import pair
from tests.console.test_pair_words import seen, text


def on_backup() -> PairRow:
    row = pair(3)
    legs = (row.legs[0], msgspec.structs.replace(row.legs[1], venue="standx", symbol="BTCUSD"))
    return msgspec.structs.replace(row, cell="backup standx: S3 hedged", legs=legs)


@pytest.mark.row("S1-54")
@pytest.mark.parametrize("width", [110, 140])
def test_the_strip_names_the_backup_where_there_is_room(width: int) -> None:
    row, own = on_backup(), pair(3)
    assert "backup standx: S3 hedged" in pair_state.head(seen(row), row, width).plain
    assert "backup" not in pair_state.head(seen(own), own, width).plain


@pytest.mark.row("S1-54")
def test_the_legs_show_the_venue_that_plays() -> None:
    row = on_backup()
    assert "standx" in text(pair_legs.draw(seen(row), row, 110, 20))
    assert "backup standx" in pair_state.cell(row, 76).plain
    assert "standx" in text(state.draw(seen(row), 56, 8))

"""A venue's list of markets, spoilt: one refusal at the start, or the very grid of the config."""

from __future__ import annotations

import json
import random

import pytest

from core.domain.errors import Refused
from tests.hostile.far_end import FarEnd
from tests.hostile.mutate import NO_FIGURES, places, put
from tests.hostile.tape import place, record, replayed
from tests.hostile.test_answers import SHAPES
from tests.venues.ccxt.fault_hall import BOTH, Hall

ROUNDS = 12
WHERE = {"binance_usdm": "GET /fapi/v1/exchangeInfo", "hyperliquid": "POST /info metaAndAssetCtxs"}
FIELDS = {
    "binance_usdm": {"symbol", "tickSize", "stepSize", "minQty", "notional", "status", "contractType", "baseAsset",
                     "quoteAsset", "filters", "filterType", "pricePrecision", "quantityPrecision", "symbols"},
    "hyperliquid": {"name", "szDecimals", "universe"},
}  # fmt: skip


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_spoilt_list_of_markets_is_one_refusal_or_changes_nothing(hall: Hall, seed: int) -> None:
    """R-N3, R-N5: never another grid, never an exception that is no refusal."""
    tape = await record(hall, 0.5)
    dice, wrong, refused = random.Random(seed), [], 0
    good = tape.answers[WHERE[hall.name]][1]
    for _ in range(ROUNDS):
        done = []
        if dice.random() < 0.2:
            text = dice.choice(SHAPES)
            done.append(text[:30])
        else:
            message = json.loads(good)
            for _n in range(dice.randint(1, 2)):
                found = [path for path in places(message) if path[-1] in FIELDS[hall.name]]
                if found:
                    path, value = dice.choice(found), dice.choice((*NO_FIGURES, ...))
                    put(message, path, value)
                    done.append(f"{path}={'gone' if value is ... else ascii(value)[:30]}")
            text = json.dumps(message)
        spoilt = {WHERE[hall.name]: text}

        def answer(method: str, path: str, body: bytes, spoilt: dict[str, str] = spoilt) -> tuple[int, str]:
            where = place(method, path, body)
            return (200, spoilt[where]) if where in spoilt else tape.answer(method, path, body)

        try:
            async with replayed(tape, answer=FarEnd(answer).answer, listen=False) as (venue, _):
                listing = venue.listings[0]
                if (listing.contract, listing.lot_size) != (1.0, hall.instrument.lot):
                    wrong.append(f"{done}: contract {listing.contract}, lot {listing.lot_size}")
        except Refused as error:
            refused += 1
            if "\n" in str(error):
                wrong.append(f"{done}: more than one line: {error}")
        except Exception as error:
            wrong.append(f"{done}: {type(error).__name__}: {error}"[:200])
    print(f"{hall.name}: {ROUNDS} lists, {refused} refused")
    assert not wrong, "\n".join(wrong[:20])
    assert refused > ROUNDS // 10

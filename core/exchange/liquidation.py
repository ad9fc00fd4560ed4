"""At which mark the venue would close a position: the tiered formula on the account as it stands. Changes nothing."""

from __future__ import annotations

import math
from typing import Any

from core.domain.units import PPM
from core.exchange.accounts import maintenance_of, set_aside, unrealised
from core.models.margin import Brackets, tiered_liquidation


def liquidation_price(a: Any, i: int) -> int:
    """Ticks, rounded to the side that comes first; 0 = none. `a`: an Account's fields; `i`: the position in it."""
    if a.pos[i] == 0:
        return 0
    wallet, other_mm, other_upnl = float(a.iso[i]), 0.0, 0.0
    if not a.isolated[i]:
        wallet = float(a.wallet - set_aside(a))
        for k in range(a.n):
            if k != i and a.pos[k] != 0 and not a.isolated[k]:
                other_mm += maintenance_of(a, k)
                other_upnl += unrealised(a, k)
    sign = 1 if a.pos[i] > 0 else -1
    qty = float(abs(a.pos[i]) * a.unit[i])
    tiers = a.n_tiers[i]
    brackets = Brackets(list(a.tier_floor[i][:tiers]), [ppm / PPM for ppm in a.tier_mmr_ppm[i][:tiers]])
    entry = a.cost[i] / (a.pos[i] * a.unit[i])
    price = tiered_liquidation(wallet, sign, qty, entry, brackets, other_mm, other_upnl)
    if price is None:
        return 0
    return math.ceil(price) if sign > 0 else math.floor(price)

"""Money of the simulated venue: fills, balances, margin. Changes the Account only; knows no order and no wire.

Every change keeps wallet = start + realised - fees + funding + transfers exact (FORMULAS.md 5, 6).
"""

from __future__ import annotations

from core.domain.units import muldiv_down, muldiv_up
from core.exchange.blocks import Account
from core.kernel import kernel
from core.models.margin import maintenance


@kernel
def unrealised(a: Account, i: int) -> int:
    """pos * mark * unit - cost of instrument i."""
    return a.pos[i] * a.mark[i] * a.unit[i] - a.cost[i]


@kernel
def set_aside(a: Account) -> int:
    """Isolated margin of all instruments."""
    total = 0
    for i in range(a.n):
        total += a.iso[i]
    return total


@kernel
def equity_of(a: Account) -> int:
    """Wallet plus unrealised PnL of every instrument at its mark."""
    total = a.wallet
    for i in range(a.n):
        if a.pos[i] != 0:
            total += unrealised(a, i)
    return total


@kernel
def pool_equity(a: Account, i: int) -> int:
    """What stands behind the position in i: its isolated margin, or the cross wallet with all cross positions."""
    if a.isolated[i] != 0:
        return a.iso[i] + unrealised(a, i)
    total = a.wallet - set_aside(a)
    for k in range(a.n):
        if a.isolated[k] == 0 and a.pos[k] != 0:
            total += unrealised(a, k)
    return total


@kernel
def maintenance_of(a: Account, i: int) -> int:
    """Tiered maintenance margin of the position in i at its mark."""
    notional = abs(a.pos[i]) * a.mark[i] * a.unit[i]
    return maintenance(notional, a.n_tiers[i], a.tier_floor[i], a.tier_mmr_ppm[i], a.tier_cum[i])


@kernel
def pool_maintenance(a: Account, i: int) -> int:
    """Maintenance margin of the pool that `pool_equity` measures."""
    if a.isolated[i] != 0:
        return maintenance_of(a, i)
    total = 0
    for k in range(a.n):
        if a.isolated[k] == 0 and a.pos[k] != 0:
            total += maintenance_of(a, k)
    return total


@kernel
def margin_free(a: Account, i: int, px: int) -> int:
    """Cross wallet and cross PnL minus the initial margin of all positions and resting orders.

    An instrument needs the larger of its position and of what either side of its orders could make of it.
    Instrument i is valued at max(mark, px): the price of the order that is being judged.
    """
    free = a.wallet - set_aside(a)
    for k in range(a.n):
        lots = max(abs(a.pos[k]), max(a.pos[k] + a.open_lots[k][0], a.open_lots[k][1] - a.pos[k]))
        price = a.mark[k]
        if k == i:
            price = max(price, px)
        if a.isolated[k] != 0:
            lots -= abs(a.pos[k])
        elif a.pos[k] != 0:
            free += unrealised(a, k)
        if lots > 0:
            free -= -(-lots * price * a.unit[k] // max(1, a.leverage[k]))
    return free


@kernel
def trade_id_of(a: Account) -> int:
    """The next trade id, unique and increasing over the whole venue account."""
    a.next_trade += 1
    return a.next_trade


@kernel
def book_fill(a: Account, i: int, lots: int, px: int, fee: int) -> int:
    """A fill of signed `lots` at `px` ticks: position, cost, realised, fee, isolated margin. Returns the realised PnL.

    Closing releases its share of the cost basis, rounded up: against us on both sides.
    """
    pos = a.pos[i]
    opened = lots
    realised = 0
    if pos != 0 and (pos > 0) != (lots > 0):
        size = abs(pos)
        closed = min(size, abs(lots))
        step = closed
        if pos < 0:
            step = -closed
        released = muldiv_up(a.cost[i], closed, size)
        realised = step * px * a.unit[i] - released
        a.cost[i] -= released
        a.iso[i] -= muldiv_down(a.iso[i], closed, size)
        a.pos[i] -= step
        opened = lots + step
    if opened != 0:
        a.pos[i] += opened
        a.cost[i] += opened * px * a.unit[i]
        if a.isolated[i] != 0:
            need = -(-abs(opened) * px * a.unit[i] // max(1, a.leverage[i]))
            a.iso[i] += min(need, max(0, a.wallet + realised - fee - set_aside(a)))
    if a.pos[i] == 0:
        a.iso[i] = 0
    a.wallet += realised - fee
    a.realised += realised
    a.realised_of[i] += realised
    a.fees += fee
    a.fees_of[i] += fee
    return realised


@kernel
def book_funding(a: Account, i: int, amount: int) -> None:
    """A funding payment, positive = received; an isolated position's own margin bears it."""
    a.wallet += amount
    a.funding += amount
    a.funding_of[i] += amount
    if a.isolated[i] != 0:
        a.iso[i] += amount


@kernel
def book_transfer(a: Account, amount: int) -> None:
    """A deposit (> 0) or withdrawal (< 0)."""
    a.wallet += amount
    a.transfers += amount

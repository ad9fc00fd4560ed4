"""The oracle after every step: the exchange is the truth, our ledger agrees with it, and the net cap holds (R-O1)."""

from __future__ import annotations

import random

import pytest

from core.domain.events import Step
from core.domain.units import FAR
from tests.simulation.rig import Rig

SEEDS = range(20)


def agree(rig: Rig) -> None:
    """Nothing is on its way: position and money of ours are the venue's, to the last unit."""
    account, post = rig.exchange.account.s, rig.engine.posts[0]
    ledger = post.ledger.s
    assert ledger.pos == account.pos[0]
    assert ledger.cost == account.cost[0]
    assert (ledger.realised, ledger.fees, ledger.funding) == (account.realised, account.fees, account.funding)
    unrealised = ledger.pos * account.mark[0] * account.unit[0] - ledger.cost
    price_pnl = ledger.realised + unrealised
    net = price_pnl - ledger.fees + ledger.funding
    assert account.start + net + account.transfers == rig.exchange.equity()
    if account.mark[0] == post.view.s.mark:
        assert net == post.net_pnl()


class Oracle:
    """Looks after every step; what it saw is counted so that a run in which nothing happened fails."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.agreed, self.fills, self.top = rig, 0, 0, 0
        rig.seen.each = self.look
        self.strict = True

    def look(self, step: Step) -> None:
        rig = self.rig
        if self.strict and rig.quiet():
            agree(rig)
            self.agreed += 1
        self.cap()

    def cap(self) -> None:
        post = self.rig.engine.posts[0]
        limits, ledger, account = post.limits.s, post.ledger.s, self.rig.exchange.account.s
        cap = limits.net_max
        assert 0 < cap < FAR
        for pos in (ledger.pos, account.pos[0]):
            worst = max(abs(pos), abs(pos + ledger.open_lots[0]), abs(pos - ledger.open_lots[1]))
            self.top = max(self.top, worst)
            # an order that closes what we hold may stand beside the quotes: it is bounded by the position itself
            assert worst <= cap, f"{worst} lots of {cap}, position {pos}, open {list(ledger.open_lots)}"


@pytest.mark.parametrize("number", SEEDS)
def test_money_and_position_are_the_venues_at_every_step_whatever_the_venue_does(number: int) -> None:
    """Duplicated and delayed reports, rejects, cancel-only, ADL, forced liquidation, transfers (seed = number)."""
    rng = random.Random(number)
    rig = Rig(number)
    oracle = Oracle(rig)
    done: set[str] = set()
    for k in range(60):
        rig.to(k * 0.9)
        now = rig.driver.now
        what = rng.choice(
            ["double", "delay", "reject_all", "cancel_only", "adl", "transfer", "cancel_order", "liquidate", "none"]
        )
        amount = {
            "double": rng.randint(1, 4), "delay": rng.randint(1, 4), "reject_all": 24, "cancel_only": 1, "adl": 1,
            "transfer": rng.randint(-10, 10) * 100_000_000, "cancel_order": 0, "liquidate": 0,
        }.get(what, 0)  # fmt: skip
        if what == "liquidate" and k < 50:
            continue
        rig.exchange.inject(0, "reject_all", 0, now=now)
        rig.exchange.inject(0, "cancel_only", 0, now=now)
        late = rng.randint(1, 900) * 1_000_000 if what == "delay" else 0
        if what != "none" and rig.exchange.inject(0, what, amount, late, now=now):
            done.add(what)
    rig.exchange.inject(0, "reject_all", 0, now=rig.driver.now)
    rig.to(70)
    assert rig.quiet() or rig.to(71) is False
    agree(rig)
    assert oracle.agreed > 50 and oracle.top > 0 and len(done) >= 3, (oracle.agreed, oracle.top, done)


@pytest.mark.parametrize("number", SEEDS)
def test_lost_reports_are_found_again_and_the_net_cap_counts_unknown_orders(number: int) -> None:
    """Reports that never arrive: the cross-check finds the fills; UNKNOWN counts at worst case (seed = number)."""
    rng = random.Random(1000 + number)
    rig = Rig(1000 + number)
    oracle = Oracle(rig)
    oracle.strict = False
    lost = 0
    for k in range(40):
        rig.to(k * 0.9)
        if rng.random() < 0.3:
            lost += rig.exchange.inject(0, "lose", rng.randint(1, 3), now=rig.driver.now)
    rig.exchange.inject(0, "lose", 0, now=rig.driver.now)
    rig.to(75)
    for k in range(200):
        if rig.quiet():
            break
        rig.to(75 + k * 0.05)
    assert lost > 3 and rig.quiet()
    ledger, account = rig.engine.posts[0].ledger.s, rig.exchange.account.s
    assert ledger.pos == account.pos[0]
    assert ledger.n_unknown == 0
    assert (ledger.realised, ledger.fees) == (account.realised, account.fees)

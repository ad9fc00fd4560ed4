"""Limits of a running core: tighter at once and at the venue, never beyond the configuration (R-L2, RTS 6 art. 15)."""

from __future__ import annotations

import pathlib

import pytest

from core.build.desk import EngineDesk
from core.domain.commands import Answer, SetLimit
from core.domain.order import AMENDED, CANCEL, CREATE, LIVE, PENDING_AMEND, PENDING_NEW, REDUCE_ONLY, SLOTS, Report
from core.domain.typed import figure_of
from core.execution.slots import mark_amend
from tests.simulation.rig import Rig, S

PAIR = pathlib.Path("configs/pair_lock.yml")


def asked(rig: Rig, name: str, value: float | None, symbol: str = "") -> Answer:
    rig.ask(SetLimit(id="l", who="op@tty", limit=name, value=value, symbol=symbol))
    rig.to(rig.t + 0.001)
    answer: Answer = rig.seen.answers[-1]
    return answer


def net_of(rig: Rig) -> tuple[float | None, bool]:
    """Bound of the net cap as consoles draw it."""
    x = rig.engine.posts[0]
    desk = EngineDesk.limits(_Desk(rig), 0)  # type: ignore[arg-type]
    row = next(row for row in desk if row.name == "net cap")
    assert x.instrument.size(x.limits.s.net_max) == row.bound
    return row.bound, row.tightened


class _Desk:
    """What `EngineDesk.limits` reads."""

    def __init__(self, rig: Rig) -> None:
        self.engine = rig.engine


def worst(rig: Rig) -> float:
    """Base coins the venue could hold if one side filled."""
    x = rig.engine.posts[0].instrument
    buys = sum(o.left for o in rig.exchange.open_orders() if o.side == 0)
    sells = sum(o.left for o in rig.exchange.open_orders() if o.side == 1)
    pos = int(rig.exchange.account.s.pos[0])
    return max(pos + buys, sells - pos) * x.lot


def test_a_tighter_net_cap_pulls_what_stands_and_holds_at_the_venue_from_then_on(seed: int) -> None:
    rig = Rig(seed)
    rig.to(60)
    before = worst(rig)
    assert before > 0.03
    answer = asked(rig, "net", 0.03)
    assert answer.ok and "0.03 ETH, tightened from" in answer.text, answer.text
    assert net_of(rig) == (0.03, True)
    rig.to(rig.t + 2.0)
    for _ in range(40):
        rig.to(rig.t + 1.0)
        assert worst(rig) <= max(0.03, abs(int(rig.exchange.account.s.pos[0])) * rig.engine.posts[0].instrument.lot)
    assert asked(rig, "net", None).text.endswith("as configured")
    assert net_of(rig)[1] is False
    assert rig.seen.codes().count("limit") == 2
    assert "by op@tty" in next(note.text for _, note in rig.seen.notes if note.code == "limit")


def test_a_smaller_single_order_is_what_every_new_order_obeys(seed: int) -> None:
    rig = Rig(seed)
    rig.to(60)
    lot = rig.engine.posts[0].instrument.lot
    assert asked(rig, "single", 0.005).ok
    at = rig.start + round(rig.t * S)
    rig.to(rig.t + 60)
    news = [o for ts, o in rig.seen.requests if ts > at and o.kind == CREATE]
    assert all(o.left * lot <= 0.005 for o in rig.exchange.open_orders() if o.flags == 0)
    assert news and all(o.qty * lot <= 0.005 or o.flags for o in news)


@pytest.mark.parametrize("state", [PENDING_NEW, PENDING_AMEND], ids=["create", "amend"])
def test_a_limit_tightened_while_a_create_is_in_flight_pulls_it_when_it_stands(state: int) -> None:
    """Nothing that was sized under the looser limit stays, though nobody could cancel it at that instant. The market is
    stopped for the strategy, so that no quote of its own replaces it."""
    rig = Rig(1)
    post = rig.engine.posts[0]
    o = post.ledger.s
    rig.to(50)
    flying: list[int] = []
    while not flying:
        rig.to(rig.t + 0.005)
        assert rig.t < 200
        if state == PENDING_AMEND and not rig.creates(after=rig.start):
            continue
        flying = [i for i in range(SLOTS) if o.state[i] == (PENDING_NEW if state == PENDING_NEW else LIVE)]
    i = flying[0]
    cl_id = o.cl_id[i]
    if state == PENDING_AMEND:  # of a venue that amends; here the answer comes by hand
        mark_amend(o, i, o.px[i], o.left[i], rig.driver.now)
    for seat in rig.engine.seats:
        seat.plan = lambda now, requests, refused: None  # type: ignore[method-assign]
    small = o.left[i] * post.instrument.lot / 4
    assert asked(rig, "single", small).ok
    sent = [r for _, r in rig.seen.requests if r.kind == CANCEL and r.cl_id == cl_id]
    if state == PENDING_AMEND:
        assert not sent and o.state[i] == PENDING_AMEND
        post.take([Report(0, AMENDED, rig.driver.now, cl_id, o.venue_id[i], qty=o.qty[i])], rig.driver.now)
    rig.to(rig.t + 5)
    cancels = [r for _, r in rig.seen.requests if r.kind == CANCEL and r.cl_id == cl_id]
    assert 1 <= len(cancels) <= 2
    assert not [order for order in rig.exchange.open_orders() if not order.flags & REDUCE_ONLY]
    assert post.pulling == set()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("net", 0.5, "Expected at most 0.21 ETH"),
        ("net", 0.0, "above 0"),
        ("net", float("nan"), "above 0"),
        ("net", 0.000001, "Expected at least"),
        ("gross", 1.0, "net, single, value, stop, day"),
        ("stop", 61.0, "Expected at most -60"),
    ],
)
def test_what_is_looser_or_no_figure_is_refused_and_changes_nothing(name: str, value: float, words: str) -> None:
    rig = Rig(1)
    rig.to(20)
    image = rig.engine.posts[0].limits.image()
    answer = asked(rig, name, value)
    assert not answer.ok and words in answer.text, answer.text
    assert rig.engine.posts[0].limits.image() == image and rig.seen.codes().count("limit") == 0


def test_a_tighter_stop_loss_is_a_loss_whatever_its_sign(seed: int) -> None:
    rig = Rig(seed)
    rig.to(20)
    assert asked(rig, "stop", 30.0).ok
    assert rig.engine.posts[0].limits.s.stop_loss == -30 * 10**8
    assert not asked(rig, "stop", 45.0, "NOSUCH").ok
    assert asked(rig, "stop", 45.0).ok, "back towards the configuration, not beyond"


def test_a_pair_keeps_its_sizes() -> None:
    """A hedge that the gate refuses would leave one leg alone."""
    rig = Rig(1, config=PAIR)
    rig.to(5)
    answer = asked(rig, "net", 0.01, rig.engine.posts[0].instrument.symbol)
    assert not answer.ok and "pair" in answer.text
    assert asked(rig, "day", 10.0).ok


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("100", 100.0),
        ("0.25", 0.25),
        ("100k", 1e5),
        ("1.5M", 1.5e6),
        ("-1", None),
        ("1e9", None),
        ("k", None),
        ("", None),
    ],
)
def test_figures_as_they_are_typed(text: str, figure: float | None) -> None:
    assert figure_of(text) == figure

"""Halt and flatten of a whole core, failing strategies, and crashes at any step."""

from __future__ import annotations

import pathlib
import random

import pytest

from core.domain.commands import Flatten, Halt, Rearm, Resume, Stop
from core.domain.events import Asked, Step
from core.domain.order import CANCEL, CREATE
from core.engine.runstate import FLAT, HALTED, HALTING, PAUSED, RUNNING, STOPPED
from tests.simulation.rig import Rig, S


def test_halt_cancels_everything_creates_nothing_and_is_done_when_the_venue_says_so(seed: int) -> None:
    """R-E3..E8."""
    rig = Rig(seed)
    rig.to(50)
    assert rig.exchange.open_orders()
    rig.ask(Halt(id="h"))
    rig.to(50.001)
    assert rig.run_state == HALTING and rig.seen.answers[-1].ok
    states: list[tuple[str, int]] = []
    rig.seen.each = lambda step: states.append((rig.run_state, len(rig.exchange.open_orders())))
    rig.to(70)
    assert rig.run_state == HALTED and not rig.creates(after=rig.start + 50 * S)
    assert all(orders == 0 for state, orders in states if state == HALTED)
    assert any(state == HALTING for state, _ in states) and rig.exchange.open_orders() == ()


def test_a_gate_that_closes_between_decision_and_wire_lets_no_create_out(seed: int) -> None:
    rig = Rig(seed)
    rig.to(30)
    rig.flag.closed = True
    sent: list[int] = []
    send = rig.driver.venue.send
    rig.driver.venue.send = lambda request, now: (sent.append(request.kind), send(request, now))[1]  # type: ignore[func-returns-value]
    rig.to(45)
    assert "wire_refused" in rig.seen.codes() and rig.creates(after=rig.start + 30 * S)
    assert all(kind == CANCEL for kind in sent)
    rig.ask(Halt())
    rig.to(60)
    assert rig.run_state == HALTED and CREATE not in sent


def test_flatten_ends_flat_repeats_join_and_rearm_waits_for_the_end(seed: int) -> None:
    rig = Rig(seed)
    rig.to(90)
    for n in range(5):
        rig.ask(Flatten(id=f"f{n}"))
        rig.ask(Halt(id=f"h{n}"))
    rig.ask(Rearm(word="arm", reason="too early", id="r"))
    rig.to(90.01)
    assert not rig.seen.answers[-1].ok
    rig.to(130)
    assert rig.run_state == FLAT and rig.exchange.account.s.pos[0] == 0 and rig.exchange.open_orders() == ()
    assert rig.seen.codes().count("run_flat") == 1
    rig.ask(Rearm(word="nonsense", reason="x"))
    rig.to(131)
    assert not rig.seen.answers[-1].ok and rig.run_state == FLAT
    rig.ask(Rearm(word="arm", reason="looked"))
    rig.to(132)
    assert rig.run_state == PAUSED
    rig.ask(Resume())
    rig.to(150)
    assert rig.run_state == RUNNING and rig.creates(after=rig.start + 132 * S)


def test_a_restart_with_the_latch_on_disk_trades_nothing(seed: int) -> None:
    """W6: the stop is the first thing that a new core hears."""
    rig = Rig(seed)
    rig.flag.closed = True
    rig.driver.push(Asked(Halt(reason="latch on disk")))
    rig.to(60)
    assert rig.run_state == HALTED and not rig.creates()


def test_a_strategy_that_raises_is_disabled_and_its_quotes_are_pulled(seed: int) -> None:
    rig = Rig(seed)
    rig.to(40)

    def broken(now: int, why: int) -> None:
        raise ZeroDivisionError("a bug")

    rig.engine.seats[0].strategy.decide = broken  # type: ignore[method-assign]
    rig.to(50)
    assert "strategy_disabled" in rig.seen.codes() and rig.engine.seats[0].disabled
    rig.to(60)
    assert rig.exchange.open_orders() == () and rig.run_state == RUNNING


@pytest.mark.parametrize("number", range(6))
def test_a_crash_at_any_step_loses_no_fill_and_the_next_core_trades_on(state_dir: pathlib.Path, number: int) -> None:
    """All memory is gone, the venue's file and the journal stay (seed = number)."""
    rng = random.Random(number)
    crash = rng.randint(100, 900)
    rig = Rig(number, state_dir=state_dir)

    class Killed(BaseException):
        pass

    def kill(step: Step) -> None:
        if rig.seen.steps >= crash:
            raise Killed

    rig.seen.each = kill
    with pytest.raises(Killed):
        rig.to(600)
    truth = (rig.exchange.account.s.pos[0], rig.exchange.account.s.wallet)
    t = rig.t
    rig.venue.ledger.close()
    again = Rig(number, state_dir=state_dir, epoch_s=t + 1, start_s=t + 1)
    assert (again.exchange.account.s.pos[0], again.exchange.account.s.wallet) == truth
    again.to(40)
    for k in range(200):
        if again.quiet():
            break
        again.to(40 + k * 0.05)
    account, ledger = again.exchange.account.s, again.engine.posts[0].ledger.s
    assert again.run_state == RUNNING and again.engine.check.clean and again.creates()
    assert ledger.pos == account.pos[0]
    assert again.engine.equity_start + ledger.realised - ledger.fees + ledger.funding == account.wallet


@pytest.mark.parametrize("verb", [Halt, Flatten])
@pytest.mark.parametrize("flatten", [False, True])
def test_a_stop_of_the_process_out_of_a_finished_halt_ends_it(seed: int, verb: type, flatten: bool) -> None:
    """S4: SIGTERM ends a halted core too, and what it was told to flatten is flat."""
    rig = Rig(seed)
    rig.to(90)
    rig.ask(verb(id="h"))
    rig.to(130)
    assert rig.run_state == (FLAT if verb is Flatten else HALTED)
    rig.ask(Stop(flatten=flatten))
    assert rig.to(200) and rig.run_state == STOPPED
    assert rig.exchange.open_orders() == () and (not flatten or rig.exchange.account.s.pos[0] == 0)


def test_a_stop_asked_while_halting_ends_the_process_after_the_halt(seed: int) -> None:
    rig = Rig(seed)
    rig.to(90)
    rig.ask(Halt(id="h"))
    rig.to(90.001)
    assert rig.run_state == HALTING
    rig.ask(Stop())
    assert rig.to(200) and rig.run_state == STOPPED and rig.exchange.open_orders() == ()
    assert "run_halted" in rig.seen.codes()


def test_a_halt_while_stopping_still_ends_the_process(seed: int) -> None:
    rig = Rig(seed)
    rig.to(90)
    rig.ask(Stop())
    rig.to(90.001)
    rig.ask(Halt(id="h"))
    assert rig.to(200) and rig.run_state == STOPPED and rig.exchange.open_orders() == ()

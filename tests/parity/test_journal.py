"""One journal: replayed, run in other steps, with other kernels, with other sinks: same requests, same hash."""

from __future__ import annotations

import pathlib
import random

import pytest

from core.build.cutoff import facts_of_cut_off
from core.build.refusals import rejects
from core.build.replaying import replay, replay_into
from core.control.launch import Launch
from core.domain.commands import FinishRound, Halt, Pause, Rearm, Resume
from core.engine.journal import Frame, Journal, read_frames
from core.kernel import Kernels, numba_usable
from tests.simulation.rig import PLAIN, Rig, Seen

SECONDS = 150.0
COMMANDS = (
    (40.0, Pause(reason="look", id="a")),
    (47.5, Resume(id="b")),
    (70.25, Halt(reason="test", id="c")),
    (85.0, Rearm(word="arm", reason="checked", id="d")),
    (86.0, Resume(id="e")),
    (110.0, FinishRound(id="f")),
)


@pytest.fixture(scope="session")
def compiled() -> Kernels:
    usable, why = numba_usable()
    if not usable:
        pytest.skip(f"numba not usable: {why}")
    return Kernels("compiled")


def played(rig: Rig, cuts: list[float] | None = None, commands: bool = True) -> str:
    """Run with the commands at their instants and stops at `cuts` in between; the journal's hash."""
    stops = sorted([(t, None) for t in cuts or []] + [(t, c) for t, c in (COMMANDS if commands else ())], key=_when)
    for t, command in stops:
        rig.to(t)
        if command is not None:
            rig.ask(command)
    rig.to(SECONDS)
    return rig.journal.sha256


def _when(item: tuple[float, object]) -> float:
    return item[0]


def test_the_journal_of_a_paper_session_in_steps_replays_to_identical_requests(
    tmp_path: pathlib.Path, seed: int
) -> None:
    path = tmp_path / "paper.perpj"
    rig = Rig(seed, journal=path)
    played(rig, [k * 0.05 for k in range(3000)])
    rig.journal.close()
    body = replay(path, verify=True)
    assert body["ok"], body["text"]
    assert body["frames"] == rig.seen.steps and body["requests"] == len(rig.seen.requests) > 100
    assert {"run_halted", "rearmed", "round_end"} <= set(rig.seen.codes())


def test_a_replay_names_the_first_step_that_differs(tmp_path: pathlib.Path, seed: int) -> None:
    path = tmp_path / "a.perpj"
    rig = Rig(seed, journal=path)
    rig.to(20)
    rig.journal.close()
    forged, changed = Journal(tmp_path / "b.perpj"), 0
    for frame in read_frames(path):
        if isinstance(frame, Frame) and frame.requests and not changed and frame.seq > 30:
            changed = frame.seq
            frame = Frame(frame.seq, frame.moment, frame.requests[:-1], frame.refused, frame.reads)
        forged.append(frame)
    forged.close()
    body = replay(tmp_path / "b.perpj", verify=True)
    assert not body["ok"] and body["first"]["seq"] == changed and body["first"]["part"] == "requests"


def test_any_step_sizes_write_the_journal_of_one_uninterrupted_run(seed: int) -> None:
    rng = random.Random(seed)
    cuts = [rng.uniform(0, SECONDS) for _ in range(400)]
    whole = played(Rig(seed))
    assert played(Rig(seed), cuts) == whole
    assert played(Rig(seed), [k * 0.25 for k in range(600)]) == whole


def test_sinks_in_another_order_change_nothing(seed: int) -> None:
    class Broken:
        name = "broken"

        def take(self, step: object) -> None:
            raise RuntimeError("a sink that raises")

    one, other = Rig(seed), Rig(seed, sinks=[Broken(), Seen()])
    assert played(one) == played(other)
    assert len(other.seen.requests) > 100  # and trading went on beside the sink that raised


def test_kernels_switched_in_the_middle_write_the_same_journal(seed: int, compiled: Kernels) -> None:
    rig = Rig(seed)
    rig.to(33.3)
    rig.engine.bind(compiled)
    rig.driver.rebind()
    assert played(rig) == played(Rig(seed), [33.3])


def test_compiled_and_plain_kernels_write_the_same_journal(seed: int, compiled: Kernels) -> None:
    assert played(Rig(seed, kernels=compiled)) == played(Rig(seed))


def test_a_round_that_a_crash_cut_off_is_closed_with_full_facts_from_its_journal(
    tmp_path: pathlib.Path, seed: int
) -> None:
    path = tmp_path / "crash.perpj"
    rig = Rig(seed, journal=path, first_round=4)
    ledger = rig.engine.posts[0].ledger.s
    while not sum(ledger.n_fills) and rig.t < 900:
        rig.to(rig.t + 30)
    rig.journal.close_block()  # killed here: never closed
    facts = facts_of_cut_off(path, PLAIN)
    assert facts is not None
    assert (facts.ending.number, facts.ending.verdict, facts.ending.verified) == (4, "cut off", False)
    post = rig.engine.posts[0]
    assert facts.money.net == post.net_pnl() and sum(post.ledger.s.n_fills) > 0
    assert facts.ledgers[0].end.pos == post.ledger.s.pos and facts.ledgers[0].quotes == rig.engine.seats[0].quotes
    rig.ask(FinishRound())
    rig.to(rig.t + 20)
    rig.journal.close()
    again = replay_into(path, lambda *_: (), PLAIN).engine
    assert again is not None and again.rounds.machine.number == 5


def test_refusals_are_counted_by_who_refused_and_decided_again(tmp_path: pathlib.Path, seed: int) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    rig = Rig(seed, journal=folder / "paper.perpj")
    for second in range(60):
        rig.to(second)
        rig.exchange.inject(0, "reject_all", 24 if second % 20 == 10 else 0, now=rig.driver.now)
        rig.flag.closed = second % 20 == 15
    rig.journal.close()
    body = rejects(Launch(state_dir=tmp_path, report_dir=tmp_path), True)
    assert body["ok"], body["text"]
    assert body["wire"].get("halted", 0) > 0 and sum(body["venue"].values()) > 0
    assert len(body["again"]) == min(200, sum(body["engine"].values()))
    assert all(row["reason"] in body["engine"] for row in body["again"])

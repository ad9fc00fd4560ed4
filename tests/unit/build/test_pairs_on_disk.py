"""The files that keep a pair: who else's records they hold, and two threads that write them."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from core.build.assemble import accounts_of, engine_of, load_config
from core.build.markets import market_of
from core.build.pairs_kept import FILE, WINDOWS, PairKeeper, forget_pairs, read_kept
from core.clock import SteadyClock
from core.domain.errors import Refused
from core.engine.engine import Engine
from core.engine.journal import Journal
from core.engine.pair_seat import PairSeat
from core.guard.private import private_dir
from core.kernel import Kernels
from tests.simulation.pair_config import lively
from tests.simulation.rig import START

SEED = 7


def engine_in(folder: pathlib.Path, **more: Any) -> Engine:
    loaded = load_config(lively(folder), {"seed": SEED})
    market = market_of(loaded, ["synthetic"], folder, START)
    return engine_of(
        loaded, market.source, market.places, Journal(None), Kernels("plain"), equity=10**11,
        owners=accounts_of(market.places), **more,
    )  # fmt: skip


def keeper_of(state: pathlib.Path, sign: str, engine: Engine, said: list[str] | None = None) -> PairKeeper:
    told = said if said is not None else []
    return PairKeeper(state, sign, engine, SteadyClock(), lambda *words: told.append(words[1]))


@pytest.fixture
def state(tmp_path: pathlib.Path) -> pathlib.Path:
    return private_dir(tmp_path / "state")


def seat_of(engine: Engine) -> PairSeat:
    seat = engine.seats[0]
    assert isinstance(seat, PairSeat)
    return seat


def test_a_second_account_in_one_state_dir_takes_nothing_of_the_first(
    state: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """R-B1, S1-43: each account finds its own pair again; what a drill left is not kept for ever."""
    for sign, episode in (("one|v,testnet,", 3), ("drill|v,loopback,", 4), ("two|v,testnet,", 5)):
        engine = engine_in(tmp_path)
        seat_of(engine).saga.s.episode = episode
        keeper_of(state, sign, engine).close()
    for sign, episode in (("one|v,testnet,", 3), ("two|v,testnet,", 5)):
        again = engine_in(tmp_path, pairs=read_kept(state, sign))
        assert (seat_of(again).saga.s.episode, again.first_notes) == (episode, [])
    assert read_kept(state, "drill|v,loopback,") == () == read_kept(state, "three")


def test_an_older_image_never_lies_over_a_newer_one(state: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """S1-43: the thread that writes before creates leave may be slower than the next turn."""
    engine = engine_in(tmp_path)
    keeper, seat = keeper_of(state, "x", engine), seat_of(engine)
    seat.saga.s.episode = 1
    slow = keeper.taken()
    assert slow is not None
    seat.saga.s.episode = 2
    keeper.before_creates()
    slow()
    assert seat_of(engine_in(tmp_path, pairs=read_kept(state, "x"))).saga.s.episode == 2
    assert keeper.taken() is None  # the disk has it
    seat.saga.s.episode = 3
    assert keeper.taken() is not None


def test_a_write_that_failed_is_tried_again_and_said(
    state: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-B2: creates wait for the file; a turn that cannot write says so, and the next one tries again."""
    said: list[str] = []
    engine = engine_in(tmp_path)
    keeper = keeper_of(state, "x", engine, said)
    seat_of(engine).saga.s.episode = 1
    with monkeypatch.context() as broken:

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        broken.setattr("core.build.pairs_kept.replace_synced", full)
        with pytest.raises(OSError, match="No space"):
            keeper.before_creates()
        keeper.look()
        assert said == ["pairs_kept"] and not (state / FILE).exists()
    keeper.look()
    assert (state / FILE).exists() and said == ["pairs_kept"]


def test_a_fresh_account_begins_without_even_where_the_record_is_broken(
    state: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (state / FILE).write_bytes(b"half")
    (state / FILE).chmod(0o600)
    with pytest.raises(Refused, match="Expected the record of our pairs, was unreadable"):
        read_kept(state, "x")
    with pytest.raises(Refused, match="Look at both legs"):
        keeper_of(state, "x", engine_in(tmp_path))
    forget_pairs(state)
    assert read_kept(state, "x") == () and not (state / WINDOWS).exists()

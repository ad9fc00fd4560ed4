"""S1-43: what a pair was at, on the disk: restored in the same cell, or named and not used; written when it moved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.build import pairs_kept
from core.build.assemble import Place, engine_of, load_config
from core.build.live_core import Origin
from core.build.pairs_kept import (
    FILE,
    WINDOWS,
    Image,
    KeptPair,
    KeptPairs,
    PairKeeper,
    forget_pairs,
    layout_of,
    mark_of,
    read_kept,
    restore,
)
from core.clock import VirtualClock
from core.domain.errors import Refused
from core.domain.units import MONEY, NS_PER_S
from core.engine.engine import Engine
from core.engine.journal import Journal
from core.execution.pair_saga import words as w
from core.execution.pair_saga.blocks import Saga
from core.kernel import Kernels

NOW = 1_767_225_600 * NS_PER_S
SIGN = "desk|binance_usdm,loopback,u1 desk|hyperliquid,loopback,u2"


def engine(config: Path | None = None, **over: Any) -> Engine:
    """One core of the pair profile, as a start makes it."""
    loaded = load_config(config or "pair_lock", over)
    places = [Place(f"{x.venue}:{x.symbol}", x) for x in loaded.instruments]
    return engine_of(
        loaded, Origin(tuple(loaded.instruments), NOW), places, Journal(None), Kernels("plain"), equity=1_000 * MONEY,
        epoch_ns=NOW, owners=(0, 1),
    )  # fmt: skip


class Alerts(list[str]):
    def __call__(self, level: str, code: str, text: str) -> None:
        self.append(f"{level} {code} {text}")


def keeper(state_dir: Path, of: Engine, alerts: Alerts | None = None, sign: str = SIGN) -> PairKeeper:
    return PairKeeper(state_dir, sign, of, VirtualClock(NOW), alerts if alerts is not None else Alerts())


def locked(of: Engine) -> Any:
    """The seat's saga as in the middle of a lock."""
    seat: Any = of.seats[0]
    s = seat.saga.s
    s.state, s.episode, s.first, s.n_wakes, s.wish_id, s.stop_px = w.S2_LOCKING, 4, 1, 900, 17, 1_099_000
    s.intent[0], s.intent[1], s.pos[1], s.kid[1] = 10, 1_000, -1_000, 6
    seat.strategy.blocks()  # the strategy's own are kept beside it
    seat.saga_wish.s.id = 17
    return seat


def kept_by(state_dir: Path) -> Any:
    of = engine()
    seat = locked(of)
    keeper(state_dir, of).close()
    return seat


def test_a_restart_finds_every_block_of_the_pair_as_it_was(state_dir: Path) -> None:
    before, again = kept_by(state_dir), engine()
    assert restore(again, read_kept(state_dir, SIGN)) == []
    after: Any = again.seats[0]
    assert after.saga.s.state == w.S2_LOCKING
    images = {name: block.image() for name, block in before.own_blocks().items() if not name.endswith(".params")}
    assert {name: after.own_blocks()[name].image() for name in images} == images
    assert len(images) >= 5 and mark_of(after) == mark_of(before)


def test_parameters_are_those_of_the_new_configuration_not_of_the_record(state_dir: Path) -> None:
    kept_by(state_dir)
    again = engine(**{"strategies.0.params.gPct": 0.006})
    seat: Any = again.seats[0]
    params = {name: block.image() for name, block in seat.own_blocks().items() if name.endswith(".params")}
    assert restore(again, read_kept(state_dir, SIGN)) == [] and params
    assert {name: seat.own_blocks()[name].image() for name in params} == params


def test_windows_stand_in_a_file_of_their_own_and_come_back(state_dir: Path) -> None:
    of = engine()
    seat = locked(of)
    [(name, window)] = [
        (n, b) for n, b in seat.own_blocks().items() if b.dtype.itemsize > pairs_kept.WINDOW_BYTES
    ]  # fmt: skip
    raw = bytearray(window.image())
    raw[-8:] = b"\x01\x02\x03\x04\x05\x06\x07\x08"
    window.load(bytes(raw))
    keeper(state_dir, of).close()
    assert (state_dir / WINDOWS).stat().st_size > pairs_kept.WINDOW_BYTES > (state_dir / FILE).stat().st_size
    again = engine()
    restore(again, read_kept(state_dir, SIGN))
    assert again.seats[0].own_blocks()[name].image() == bytes(raw)  # type: ignore[attr-defined]


def test_a_block_of_another_version_is_named_and_nothing_of_that_pair_is_used(state_dir: Path) -> None:
    kept_by(state_dir)
    [pair] = [one for one in read_kept(state_dir, SIGN) if "saga" in one.blocks]
    image = pair.blocks["saga"]
    other = {
        "layout": Image("0" * 16, image.raw), "length": Image(image.layout, image.raw + bytes(8)),
    }  # fmt: skip
    for changed in other.values():
        again = engine()
        said = restore(again, [msgspec.structs.replace(pair, blocks=pair.blocks | {"saga": changed})])
        seat: Any = again.seats[0]
        assert len(said) == 1 and "another version" in said[0] and pair.name in said[0]
        assert (seat.saga.s.state, seat.saga.s.n_wakes, seat.saga_wish.s.id) == (w.S0_FLAT, 0, 0)


def test_a_block_that_this_version_does_not_have_is_another_version_too(state_dir: Path) -> None:
    kept_by(state_dir)
    pair = read_kept(state_dir, SIGN)[0]
    said = restore(engine(), [msgspec.structs.replace(pair, blocks=pair.blocks | {"gone": Image("x", b"")})])
    assert len(said) == 1 and "another version" in said[0]


def test_other_legs_or_another_name_are_named_and_not_used(state_dir: Path) -> None:
    kept_by(state_dir)
    pair = read_kept(state_dir, SIGN)[0]
    for other in (
        msgspec.structs.replace(pair, legs=pair.legs[::-1]), msgspec.structs.replace(pair, name="another"),
    ):  # fmt: skip
        again = engine()
        [said] = restore(again, [other])
        assert "legs that this configuration does not have" in said and other.name in said
        assert again.seats[0].saga.s.n_wakes == 0  # type: ignore[attr-defined]


def test_what_is_said_of_a_record_that_does_not_fit_is_said_at_the_start(state_dir: Path) -> None:
    """engine_of hands it to the first notes: the operator reads it."""
    kept_by(state_dir)
    loaded = load_config("pair_lock", {})
    places = [Place(f"{x.venue}:{x.symbol}", x) for x in loaded.instruments]
    odd = [msgspec.structs.replace(one, name="another") for one in read_kept(state_dir, SIGN)]
    of = engine_of(
        loaded, Origin(tuple(loaded.instruments), NOW), places, Journal(None), Kernels("plain"), equity=MONEY,
        epoch_ns=NOW, owners=(0, 1), pairs=odd,
    )  # fmt: skip
    assert {note.code for note in of.first_notes} == {"pairs_kept"} and len(of.first_notes) == len(odd)


@pytest.mark.parametrize("raw", [b"", b"\x00", b"not msgpack at all", msgspec.msgpack.encode({"sign": 1})])
def test_a_broken_file_is_one_clear_refusal(state_dir: Path, raw: bytes) -> None:
    kept_by(state_dir)
    (state_dir / FILE).write_bytes(raw)
    with pytest.raises(Refused, match=r"Expected the record of our pairs, was unreadable\. Look at both legs") as told:
        read_kept(state_dir, SIGN)
    assert FILE in str(told.value) and "\n" not in str(told.value)


def test_a_file_of_a_newer_schema_and_one_cut_short_are_refused_too(state_dir: Path) -> None:
    kept_by(state_dir)
    path = state_dir / FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with pytest.raises(Refused, match="unreadable"):
        read_kept(state_dir, SIGN)
    path.write_bytes(msgspec.msgpack.encode((KeptPairs(SIGN, (), schema=pairs_kept.SCHEMA + 1),)))
    with pytest.raises(Refused, match="unreadable"):
        read_kept(state_dir, SIGN)


def test_a_file_that_others_may_read_is_refused(state_dir: Path) -> None:
    """X3: nobody else may say what our pairs are at."""
    kept_by(state_dir)
    assert os.stat(state_dir / FILE).st_mode & 0o777 == 0o600
    os.chmod(state_dir / FILE, 0o644)
    with pytest.raises(Refused, match="mode"):
        read_kept(state_dir, SIGN)


def test_no_file_is_nothing_and_another_account_is_nothing_but_stays(state_dir: Path) -> None:
    assert read_kept(state_dir, SIGN) == ()
    kept_by(state_dir)
    assert read_kept(state_dir, "desk|binance_usdm,mainnet,u") == ()
    real = "desk|binance_usdm,mainnet,u1 desk|hyperliquid,mainnet,u2"
    keeper(state_dir, engine(), sign=real).close()
    of = engine()
    keeper(state_dir, of, sign="paper").close()
    assert read_kept(state_dir, real) and read_kept(state_dir, "paper")


def test_nothing_is_written_where_nothing_moved(state_dir: Path) -> None:
    of = engine()
    seat, at = locked(of), keeper(state_dir, of)
    at.before_creates()
    inode = (state_dir / FILE).stat().st_ino
    seat.saga.s.n_wakes += 50  # a wake alone is nothing that a restart must know
    at.before_creates()
    at.look()
    assert (state_dir / FILE).stat().st_ino == inode and at.taken() is None
    seat.saga.s.kid[0] += 1
    at.before_creates()
    assert (state_dir / FILE).stat().st_ino != inode


@pytest.mark.parametrize("field", ["state", "episode", "wish_id", "goal", "planned", "dust", "stop_px"])
def test_each_figure_that_a_restart_must_know_writes_the_file_anew(state_dir: Path, field: str) -> None:
    of = engine()
    seat, at = locked(of), keeper(state_dir, of)
    at.before_creates()
    setattr(seat.saga.s, field, getattr(seat.saga.s, field) + 1)
    write = at.taken()
    assert write is not None
    write()
    saga = Saga()
    saga.load(read_kept(state_dir, SIGN)[0].blocks["saga"].raw)
    assert getattr(saga.s, field) == getattr(seat.saga.s, field)


def test_an_older_image_never_replaces_a_newer_one(state_dir: Path) -> None:
    """Two threads: the one that took its image first may reach the disk last."""
    of = engine()
    seat, at = locked(of), keeper(state_dir, of)
    slow = at.taken()
    seat.saga.s.state = w.S3_HEDGED
    quick = at.taken()
    assert slow is not None and quick is not None
    quick()
    slow()
    saga = Saga()
    saga.load(read_kept(state_dir, SIGN)[0].blocks["saga"].raw)
    assert saga.s.state == w.S3_HEDGED


def test_a_disk_that_refuses_is_said_by_look_and_raised_before_creates(state_dir: Path) -> None:
    """R-S1: nothing leaves that the disk does not know; between two steps it is an alert."""
    of, alerts = engine(), Alerts()
    locked(of)
    at = keeper(state_dir, of, alerts)
    (state_dir / FILE).mkdir()
    with pytest.raises((OSError, Refused)):
        at.before_creates()
    at.look()
    assert len(alerts) == 1 and alerts[0].startswith("crit pairs_kept")


def test_windows_are_written_once_a_minute(state_dir: Path) -> None:
    of = engine()
    locked(of)
    clock = VirtualClock(NOW)
    at = PairKeeper(state_dir, SIGN, of, clock, Alerts())
    at.look()
    first = (state_dir / WINDOWS).stat().st_ino
    clock.set(NOW + 59 * NS_PER_S)
    at.look()
    assert (state_dir / WINDOWS).stat().st_ino == first
    clock.set(NOW + 60 * NS_PER_S)
    at.look()
    assert (state_dir / WINDOWS).stat().st_ino != first


def test_a_forgotten_pair_is_gone_and_a_second_forgetting_is_nothing(state_dir: Path) -> None:
    kept_by(state_dir)
    forget_pairs(state_dir)
    forget_pairs(state_dir)
    assert not (state_dir / FILE).exists() and not (state_dir / WINDOWS).exists() and read_kept(state_dir, SIGN) == ()


def test_a_core_without_a_pair_writes_nothing_at_all(state_dir: Path) -> None:
    loaded = load_config(None, {})
    places = [Place(f"{x.venue}:{x.symbol}", x) for x in loaded.instruments]
    of = engine_of(
        loaded, Origin(tuple(loaded.instruments), NOW), places, Journal(None), Kernels("plain"), equity=MONEY,
        epoch_ns=NOW,
    )  # fmt: skip
    at = keeper(state_dir, of)
    at.before_creates()
    at.look()
    at.close()
    assert list(state_dir.iterdir()) == []


def test_the_layout_of_a_block_is_its_fields_and_their_types() -> None:
    assert layout_of(Saga()) == layout_of(Saga()) != layout_of(engine().seats[0].saga_wish)  # type: ignore[attr-defined]
    assert len(KeptPair("p", ("a", "b"), {}).legs) == 2

"""The record of our positions at several venues: each from its own reconcile on, the earlier one until then."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.build.holdings import FILE, Holding, Holdings, kept_holdings, sign_of, write_holdings
from core.build.remembered import Remembered
from core.domain.order import Ledger

A, B, C = (sign_of("main", venue, "mainnet", "") for venue in ("binance_usdm", "hyperliquid", "okx"))
KEYS = ["binance_usdm:ETHUSDC", "hyperliquid:ETH"]


def engine(pos: tuple[int, int], clean: tuple[bool, bool], last_ok: tuple[int, int] = (50, 60)) -> Any:
    posts = []
    for n in (0, 1):
        ledger = Ledger()
        ledger.s.pos, ledger.s.cost = pos[n], pos[n] * 10
        instrument = SimpleNamespace(lot=0.0)
        posts.append(SimpleNamespace(account=n, place=n, number=n, ledger=ledger, instrument=instrument))
    each = [SimpleNamespace(clean=c, last_ok=at) for c, at in zip(clean, last_ok, strict=True)]
    return SimpleNamespace(posts=posts, check=SimpleNamespace(each=each), now=0)


def test_an_account_that_was_not_yet_reconciled_keeps_its_earlier_record(state_dir: Path) -> None:
    earlier = Holdings(B, 7, (Holding(KEYS[1], 1, -5, -50),))
    write_holdings(state_dir, [earlier])
    remembered = Remembered(state_dir, [A, B])
    assert remembered.rows == earlier.rows
    remembered.save(engine((3, 0), (True, False)), KEYS)
    found = kept_holdings(state_dir)
    assert found[A] == Holdings(A, 50, (Holding(KEYS[0], 0, 3, 30),)) and found[B] == earlier
    remembered.save(engine((3, -4), (True, True)), KEYS)
    assert kept_holdings(state_dir)[B] == Holdings(B, 60, (Holding(KEYS[1], 1, -4, -40),))


def test_nothing_is_written_before_the_first_reconcile_nor_where_nothing_changed(state_dir: Path) -> None:
    remembered = Remembered(state_dir, [A, B])
    remembered.save(engine((0, 0), (False, False)), KEYS, force=True)
    assert not (state_dir / FILE).exists()
    remembered.save(engine((1, 1), (True, True)), KEYS)
    before = (state_dir / FILE).stat().st_ino
    remembered.save(engine((1, 1), (True, True), (70, 80)), KEYS)
    assert (state_dir / FILE).stat().st_ino == before
    remembered.save(engine((1, 1), (True, True), (70, 80)), KEYS, force=True)
    assert {one.as_of for one in kept_holdings(state_dir).values()} == {70, 80}


def test_what_another_core_held_at_a_third_venue_is_not_forgotten(state_dir: Path) -> None:
    third = Holdings(C, 9, (Holding("okx:ETH", 0, 2, 20),))
    write_holdings(state_dir, [third])
    remembered = Remembered(state_dir, [A, B])
    remembered.save(engine((1, 1), (True, True)), KEYS)
    assert set(kept_holdings(state_dir)) == {A, B, C} and kept_holdings(state_dir)[C] == third

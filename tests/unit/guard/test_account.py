"""One core an account, whatever the state dir: the lock, its latch, and names that tell no key (R-W1, R-W6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import SystemClock
from core.guard.account import AccountGuard, account_name, accounts_folder
from core.guard.latch import Stop
from core.guard.lock import LockHeld

NAME = account_name("binance_usdm", "demo", "", "key-of-the-operator")
STOP = Stop(stop_id="stop-1", reason="drill")


def test_the_second_core_of_an_account_is_refused_and_the_lock_is_free_again_afterwards(state_dir: Path) -> None:
    first, second = (AccountGuard(NAME, SystemClock(), state_dir) for _ in range(2))
    first.take()
    with pytest.raises(LockHeld):
        second.take()
    first.release()
    second.take()
    second.release()


def test_another_key_is_another_account_and_no_name_holds_a_key() -> None:
    other = account_name("binance_usdm", "demo", "", "another key")
    assert other != NAME and "key-of-the-operator" not in NAME and "operator" not in NAME
    assert account_name("binance_usdm", "mainnet", "", "key-of-the-operator") != NAME


def test_a_halt_holds_for_the_account_until_a_person_clears_it(state_dir: Path) -> None:
    guard = AccountGuard(NAME, SystemClock(), state_dir)
    guard.take()
    guard.stopped(None)
    assert not guard.latch.engaged()
    guard.stopped(STOP)
    guard.stopped(STOP)
    found = AccountGuard(NAME, SystemClock(), state_dir).latch.read()
    assert found is not None and found.reason == "drill"
    guard.rearmed("checked at the venue", "ann", 1)
    assert not guard.latch.engaged()
    guard.release()


def test_the_accounts_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PERP_ACCOUNTS_DIR", str(tmp_path))
    assert accounts_folder() == tmp_path

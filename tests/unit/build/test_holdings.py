"""What of a real account is ours, kept over a crash: written whole, private, of one account only."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from core.build.holdings import (
    FILE,
    Holding,
    Holdings,
    holding_of,
    in_lots_of,
    lasting,
    read_holdings,
    sign_of,
    write_holdings,
)
from core.domain.errors import Refused
from core.domain.order import Ledger
from core.execution.recovery import adopt_position, mark_seen
from core.kernel import Kernels

SIGN = sign_of("main", "binance_usdm", "mainnet", "")
OTHER = sign_of("main", "hyperliquid", "mainnet", "")
KEPT = Holdings(SIGN, 17, (Holding("binance_usdm:ETHUSDC", 0, -20, -5_940_000, (-3, 7, 9)),))


def test_what_was_written_is_read_again_for_the_same_account_and_for_no_other(state_dir: Path) -> None:
    write_holdings(state_dir, [KEPT])
    assert read_holdings(state_dir, SIGN) == KEPT
    assert read_holdings(state_dir, sign_of("other", "binance_usdm", "mainnet", "")) is None
    assert os.stat(state_dir / FILE).st_mode & 0o777 == 0o600


def test_each_venue_account_has_a_record_of_its_own_with_its_own_time(state_dir: Path) -> None:
    """One venue may be out of reach while the other trades on: fills of the one must not be read again as new."""
    other = Holdings(OTHER, 99, (Holding("hyperliquid:BTC", 1, 5, 500_000, ()),))
    write_holdings(state_dir, [KEPT, other])
    assert read_holdings(state_dir, SIGN) == KEPT and read_holdings(state_dir, OTHER) == other


def test_records_of_accounts_that_this_core_does_not_trade_stay_but_for_loopback_ones() -> None:
    drill = sign_of("main", "binance_usdm", "loopback", "http://127.0.0.1:9")
    found = {SIGN: KEPT, OTHER: Holdings(OTHER, 9, ()), drill: Holdings(drill, 9, ())}
    assert lasting(found, [SIGN]) == (found[OTHER],)


def test_a_file_with_one_record_alone_is_still_read(state_dir: Path) -> None:
    path = state_dir / FILE
    path.write_bytes(msgspec.msgpack.encode(KEPT))
    path.chmod(0o600)
    assert read_holdings(state_dir, SIGN) == KEPT


def test_without_a_file_there_was_nothing(state_dir: Path) -> None:
    assert read_holdings(state_dir, SIGN) is None


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"\x81\xa4sign\x01"])
def test_a_file_that_cannot_be_read_is_refused_and_not_taken_for_flat(state_dir: Path, raw: bytes) -> None:
    """R-B4: missing knowledge is not "nothing is ours"."""
    path = state_dir / FILE
    path.write_bytes(raw)
    path.chmod(0o600)
    with pytest.raises(Refused, match="by hand"):
        read_holdings(state_dir, SIGN)


def test_a_ledger_goes_on_from_its_record_and_counts_no_fill_twice() -> None:
    ledger = Ledger()
    bind = Kernels("plain").bind
    assert bind(adopt_position, ledger)(-20, -5_940_000) == 1
    for key in (7, 9, -3):
        assert bind(mark_seen, ledger)(key) == 1
    kept = holding_of("binance_usdm:ETHUSDC", 0, ledger)
    assert kept == KEPT.rows[0]
    assert bind(mark_seen, ledger)(9) == 0


@pytest.mark.row("R-N5")
def test_what_is_ours_is_the_same_coins_when_the_lot_has_changed_or_the_start_is_refused() -> None:
    """Read as so many new lots it would be ten times as much, and a stranger's position would be closed as ours."""
    row = msgspec.structs.replace(KEPT.rows[0], pos=-20, lot=0.001)
    assert in_lots_of(row, 0.01).pos == -2 and in_lots_of(row, 0.0001).pos == -200
    assert in_lots_of(row, 0.001) is row and in_lots_of(KEPT.rows[0], 0.01) is KEPT.rows[0]
    assert in_lots_of(row, 0.01).cost == row.cost
    with pytest.raises(Refused, match="panic"):
        in_lots_of(msgspec.structs.replace(row, pos=-23), 0.01)

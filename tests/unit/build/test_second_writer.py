"""R-W5 on several accounts: what stood at the first clean reconcile of one is ours of old, what comes later is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.build.second_writer import SecondWriter
from core.build.starts import FILE, KEPT, earlier_starts, record_start
from core.domain.errors import Refused
from core.guard.private import private_dir


def test_each_account_is_looked_at_from_its_own_first_clean_reconcile_on() -> None:
    ids = [SimpleNamespace(others={(1, 10)}), SimpleNamespace(others=set())]
    checks = [SimpleNamespace(clean=True), SimpleNamespace(clean=False)]
    accounts: Any = SimpleNamespace(each=checks)
    writer = SecondWriter([("binance_usdm", ids[0]), ("hyperliquid", ids[1])], accounts)
    assert writer.look() == ""
    ids[1].others.add((2, 20))  # of an earlier run: that account was not read before
    checks[1].clean = True
    assert writer.look() == "" == writer.look()
    ids[1].others.add((0xABC, 21))
    why = writer.look()
    assert "hyperliquid" in why and "binance" not in why and "000abc" in why
    assert writer.look() == "", "said once"


def test_an_order_of_a_dead_predecessor_that_is_told_late_is_no_second_writer() -> None:
    """R-B1 against R-W5: a stream may tell fills of any age after the first clean reconcile."""
    ids = SimpleNamespace(others=set())
    accounts: Any = SimpleNamespace(each=[SimpleNamespace(clean=True)])
    writer = SecondWriter([("hyperliquid", ids)], accounts, earlier=(0x11, 0x22))
    assert writer.look() == ""
    ids.others |= {(0x11, 5), (0x22, 6)}
    assert writer.look() == ""
    ids.others.add((0x33, 7))
    assert "000033" in writer.look() and writer.look() == ""


def test_the_starts_of_a_state_dir_are_known_to_the_next_one(tmp_path: Path) -> None:
    """R-B1: each start finds the epochs of those before it, the newest last; a broken file is one clear error."""
    state = private_dir(tmp_path / "state")
    assert earlier_starts(state) == ()
    for epoch in (7, 9, 7):
        record_start(state, epoch)
    assert earlier_starts(state) == (9, 7)
    (state / FILE).write_text(str(list(range(KEPT))))
    record_start(state, KEPT)
    assert len(earlier_starts(state)) == KEPT and earlier_starts(state)[-1] == KEPT
    (state / FILE).write_bytes(b"[1, 2")
    with pytest.raises(Refused, match="Expected the epochs of earlier starts"):
        record_start(state, 3)

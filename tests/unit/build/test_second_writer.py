"""R-W5 on several accounts: what stood at the first clean reconcile of one is ours of old, what comes later is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from core.build.second_writer import SecondWriter


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

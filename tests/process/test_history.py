"""Long series of a real core over its socket: what a console asks for with < and > and with the zoomed PnL."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from core.control.client import ControlClient
from core.domain.history_page import HistoryPage
from core.domain.questions import PnlHistory, SpreadHistory
from tests.process.real_core import core, eventually, until

pytestmark = pytest.mark.slow


def test_a_core_answers_with_its_mid_its_quotes_and_its_pnl(state_dir: Path) -> None:
    with core(state_dir, "--speed", "20"):
        until(state_dir, "RUNNING")

        def asked(question: SpreadHistory | PnlHistory) -> HistoryPage:
            with ControlClient(state_dir) as client:
                page = client.query(question)
            assert isinstance(page, HistoryPage)
            return page

        page = eventually(lambda: len((p := asked(SpreadHistory(window_s=3_600))).ts) > 5 and p, "a minute of buckets")
        assert page.unit == "quote" and page.name and page.bucket_s == 10
        assert all(low <= last <= high for low, last, high in zip(page.low, page.last, page.high))
        assert all(later - sooner == 10_000_000_000 for sooner, later in pairwise(page.ts))
        quoted = [
            (lower, last, upper) for lower, last, upper in zip(page.lower, page.last, page.upper) if lower and upper
        ]
        # the newest of each in a bucket, not of one instant: a price may stand at a quote
        assert quoted and all(lower < upper for lower, _, upper in quoted)
        assert all(lower <= last <= upper for lower, last, upper in quoted), quoted
        assert len(asked(PnlHistory(window_s=3_600)).ts) >= len(page.ts)
        assert asked(SpreadHistory(pair="nobody")).ts == ()

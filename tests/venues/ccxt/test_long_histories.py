"""Own trades and funding over more than one answer: spans of days, pages of all coins, a start after nine days."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.units import NS_PER_MS
from tests.venues.ccxt.told_hall import DAY, fill, funded, now_ms, order, told, trade

WEEK = 7 * DAY


def listed(rows: list[dict[str, Any]], page: int) -> Any:
    """Binance's list: of a span of at most seven days, oldest first."""

    def answer(words: dict[str, str]) -> Any:
        start = int(words["startTime"])
        end = int(words.get("endTime", start + WEEK))
        assert end - start <= WEEK
        return [row for row in rows if start <= row["time"] <= end][: min(page, int(words["limit"]))]

    return answer


async def test_a_start_after_nine_days_finds_what_happened_in_them() -> None:
    """R-B1: the first read walks from the record's time to now; none of its spans is too long for the venue."""
    now = now_ms()
    rows = [trade(id=n, orderId=1, time=int(now - days * DAY)) for n, days in ((1, 8.5), (2, 6.2), (3, 2.0), (4, 0.01))]
    async with told("binance_usdm") as at:
        at.reader.look_back((now - 9 * DAY) * NS_PER_MS)
        at.say("GET /fapi/v1/order", order(clientOrderId="autoclose-1", status="FILLED"))
        at.say("GET /fapi/v1/userTrades", listed(rows, 500))
        assert [found.trade_id for found in (await at.read("trades")).trades] == [1, 2, 3, 4]


async def test_after_seven_quiet_days_a_fill_is_found_in_one_question() -> None:
    """It was looked for in the week of the start alone, and read as none."""
    now = now_ms()
    async with told("binance_usdm", since_ms=now - 20 * DAY) as at:
        at.say("GET /fapi/v1/order", order(clientOrderId="autoclose-1", status="FILLED"))
        at.say("GET /fapi/v1/userTrades", listed([], 500))
        assert (await at.read("trades")).trades == ()
        before = at.count("GET /fapi/v1/userTrades")
        at.say("GET /fapi/v1/userTrades", listed([trade(id=7, orderId=1)], 500))
        assert [found.trade_id for found in (await at.read("trades")).trades] == [7]
        assert at.count("GET /fapi/v1/userTrades") - before == 1


async def test_pages_of_hyperliquid_are_full_by_the_rows_of_all_coins() -> None:
    """Two thousand rows an answer, of every coin; ours came after two full pages of another's."""
    now = now_ms()
    rows = [fill(coin="HYPE", tid=n + 1, time=now - 600_000 + n) for n in range(4_500)]
    async with told("hyperliquid") as at:
        rows.append(fill(tid=9_999, time=now - 5_000, cloid=at.ids.new_text(77)))
        at.say("userFillsByTime", lambda words: [row for row in rows if row["time"] >= words["startTime"]][:2_000])
        assert [found.trade_id for found in (await at.read("trades")).trades] == [9_999]


@pytest.mark.parametrize("name", ["binance_usdm", "hyperliquid"])
async def test_more_funding_than_one_answer_holds_is_all_counted(name: str) -> None:
    now, many = now_ms(), 1_203
    binance = name == "binance_usdm"
    times = [now - 3_000_000 + n * 2_000 for n in range(many)]
    async with told(name) as at:
        if binance:
            rows = [{"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-1", "asset": "USDT", "info": "",
                     "time": ms, "tranId": n + 1, "tradeId": ""} for n, ms in enumerate(times)]  # fmt: skip
            at.say("GET /fapi/v1/income", lambda words: [row for row in rows if row["time"] >= int(words["startTime"])][
                : int(words.get("limit", 100))])  # fmt: skip
        else:
            rows = [funded(coin, ms) for ms in times for coin in ("SOL", "BTC")]
            at.say("userFunding", lambda words: [row for row in rows if row["time"] >= words["startTime"]][:500])
        assert len((await at.read("trades")).trades) == many

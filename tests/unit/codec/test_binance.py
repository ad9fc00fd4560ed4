"""The Binance wire, frame by frame. Values in the style of the venue's documentation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.codec.binance import BinanceCodec
from core.codec.frames import Depth, Mark, Print, Snapshot, Top
from core.codec.reasons import (
    BAD_FRAME,
    CROSSED,
    EMPTY,
    FOREIGN,
    INFINITE,
    NEGATIVE,
    NOT_A_NUMBER,
    NOT_MARKET,
    OFF_GRID,
    TOO_LARGE,
    UNKNOWN_KIND,
    WRONG_TYPE,
    ZERO,
)
from core.domain.units import FAR
from tests.unit.market.markets import USDM

DEPTH = {
    "e": "depthUpdate", "E": 1680652700594, "T": 1680652700586, "s": "BTCUSDT", "U": 5, "u": 9, "pu": 4,
    "b": [["28145.10", "14.368"], ["28018.90", "0.000"]], "a": [["28145.20", "6.961"]],
}  # fmt: skip
TRADE = {
    "e": "trade", "E": 1680652700455, "T": 1680652700452, "s": "BTCUSDT", "t": 3535186032, "p": "28145.10",
    "q": "0.002", "X": "MARKET", "m": True,
}  # fmt: skip
TOP = {"e": "bookTicker", "u": 7, "s": "BTCUSDT", "b": "28145.10", "B": "3.868", "a": "28145.20", "A": "6.887", "T": 1}
MARK = {
    "e": "markPriceUpdate", "E": 1680652701000, "s": "BTCUSDT", "p": "28147.27373413", "P": "28142.15563565",
    "i": "28159.75642857", "r": "0.00002754", "T": 1680652800000,
}  # fmt: skip
SNAPSHOT = {"lastUpdateId": 9, "E": 1, "T": 2, "bids": [["28145.10", "1.000"]], "asks": [["28145.20", "2.000"]]}
MS = 1_000_000


def decode(body: Any, stream: str = "") -> tuple[Any, BinanceCodec]:
    codec = BinanceCodec(USDM)
    raw = json.dumps({"stream": stream, "data": body} if stream else body).encode()
    return codec.decode(raw), codec


def test_depth_in_ticks_and_lots_with_its_ids() -> None:
    expected = Depth(1680652700586 * MS, 5, 9, 4, ((281451, 14368), (280189, 0)), ((281452, 6961),))
    assert decode(DEPTH)[0] == expected
    assert decode(DEPTH, "btcusdt@depth@0ms")[0] == expected


def test_spot_depth_has_no_transaction_time() -> None:
    spot = {key: value for key, value in DEPTH.items() if key not in ("T", "pu")}
    assert decode(spot, "btcusdt@depth@100ms")[0].ts_exch == 1680652700594 * MS


def test_trade_side_is_the_aggressors() -> None:
    assert decode(TRADE)[0] == Print(1680652700452 * MS, 3535186032, 281451, 2, -1)
    assert decode({**TRADE, "m": False})[0].side == 1


def test_best_prices_mark_and_snapshot() -> None:
    assert decode(TOP)[0] == Top(MS, 7, 281451, 3868, 281452, 6887)
    assert decode(MARK)[0] == Mark(1680652701000 * MS, 281473, 281598, 2754, 1680652800000 * MS)
    assert decode(SNAPSHOT)[0] == Snapshot(2 * MS, 9, ((281451, 1000),), ((281452, 2000),))


def test_mark_without_rate_and_index_says_none() -> None:
    bare = {key: value for key, value in MARK.items() if key not in ("i", "r", "T")}
    frame, _ = decode(bare)
    assert (frame.index, frame.rate, frame.next_settlement) == (0, FAR, 0)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({**TRADE, "p": "NaN"}, NOT_A_NUMBER),
        ({**TRADE, "p": "Infinity"}, INFINITE),
        ({**TRADE, "p": "1e308"}, TOO_LARGE),
        ({**TRADE, "p": "-28145.1"}, NEGATIVE),
        ({**TRADE, "p": "0"}, ZERO),
        ({**TRADE, "p": ""}, EMPTY),
        ({**TRADE, "p": None}, WRONG_TYPE),
        ({**TRADE, "p": 28145.1}, WRONG_TYPE),
        ({**TRADE, "T": "1680652700452"}, WRONG_TYPE),
        ({**TRADE, "T": -1}, WRONG_TYPE),
        ({**TRADE, "t": 1 << 70}, WRONG_TYPE),
        ({**TRADE, "p": "28145.15"}, OFF_GRID),
        ({**TRADE, "q": "0.000"}, EMPTY),
        ({**TRADE, "q": "1000000000"}, TOO_LARGE),
        ({**TRADE, "X": "INSURANCE_FUND"}, NOT_MARKET),
        ({**TRADE, "s": "ETHUSDT"}, FOREIGN),
        ({**TRADE, "e": "forceOrder"}, UNKNOWN_KIND),
        ({**DEPTH, "b": [["28145.10"]]}, WRONG_TYPE),
        ({**DEPTH, "b": [["x", "1"]]}, NOT_A_NUMBER),
        ({**DEPTH, "b": None}, WRONG_TYPE),
        ({**DEPTH, "a": [["28145.20", "1"]] * 5001}, WRONG_TYPE),
        ({**TOP, "b": "28145.30"}, CROSSED),
        ({**SNAPSHOT, "asks": [["28145.10", "1"]]}, CROSSED),
        ({**SNAPSHOT, "asks": []}, EMPTY),
        ([], WRONG_TYPE),
        (None, WRONG_TYPE),
        ({}, UNKNOWN_KIND),
    ],
)
def test_hostile_frames_are_dropped_and_counted_by_reason(body: Any, reason: str) -> None:
    frame, codec = decode(body)
    assert frame is None
    assert dict(codec.dropped) == {reason: 1}
    assert codec.last_reason == reason


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"e":"trade"', b'{"a":NaN}', b"nul"])
def test_broken_json_is_a_bad_frame(raw: bytes) -> None:
    codec = BinanceCodec(USDM)
    assert codec.decode(raw) is None
    assert dict(codec.dropped) == {BAD_FRAME: 1}


def test_oversized_frame_is_not_even_parsed() -> None:
    codec = BinanceCodec(USDM)
    assert codec.decode(b" " * (4 << 20) + b"{}") is None
    assert dict(codec.dropped) == {TOO_LARGE: 1}


def test_dust_between_two_lots_counts_as_the_upper_lot() -> None:
    frame, codec = decode({**DEPTH, "b": [["28145.10", "1.0004"]], "a": []})
    assert frame.bids == ((281451, 1001),)
    assert (codec.n_rounded, codec.n_sizes) == (1, 1)


def test_one_bad_level_drops_the_whole_frame_so_that_no_half_book_stands() -> None:
    frame, codec = decode({**DEPTH, "a": [["28145.20", "1.000"], ["28145.25", "1.000"]]})
    assert frame is None
    assert codec.dropped[OFF_GRID] == 1


def test_deep_nesting_neither_crashes_nor_passes() -> None:
    codec = BinanceCodec(USDM)
    assert codec.decode(b"[" * 100_000) is None
    assert codec.decode(b'{"stream":"btcusdt@trade","data":' + b'{"p":' * 100_000) is None
    assert sum(codec.dropped.values()) == 2

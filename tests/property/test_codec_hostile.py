"""20,000 hostile payloads through the codec: no exception, nothing that is no number or off the grid comes out."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from core.codec.binance import BinanceCodec
from core.codec.columns import units_of
from core.codec.frames import Depth, Mark, Print, Snapshot, Top
from core.codec.grid import MAX_LEVEL, MAX_UNITS
from core.codec.text import CAP, clean
from core.domain.units import FAR
from tests.unit.market.markets import USDM

PAYLOADS = 20_000
HOSTILE: list[Any] = [
    "NaN", "nan", "Infinity", "-Infinity", "1e308", "-1e308", "1e-308", "-0.0", "0", "", " ", "0x1F", "1_0", "１",
    "1,0", "--1", "9" * 400, "\x1b[2J", "\u202e1", None, True, False, 0, -1, 1.5, 1e308, -1e308, 5e-324, 2**63,
    2**64,
    -(2**63), 10**30, [], {}, [[]], [["1", "1"]], [["1"]], [[1, 1]], [["NaN", "1"]], [["28145.10", "-1"]],
    [["28145.10", "1e308"]],
    [["28145.15", "1"]], {"p": "1"}, "BTCUSDT", "ETHUSDT", "depthUpdate",
]  # fmt: skip
BODIES: list[dict[str, Any]] = [
    {"e": "depthUpdate", "E": 1680652700594, "T": 1680652700586, "s": "BTCUSDT", "U": 5, "u": 9, "pu": 4,
     "b": [["28145.10", "14.368"]], "a": [["28145.20", "6.961"], ["28145.30", "0.000"]]},
    {"e": "trade", "E": 1680652700455, "T": 1680652700452, "s": "BTCUSDT", "t": 3535186032, "p": "28145.10",
     "q": "0.002", "X": "MARKET", "m": True},
    {"e": "bookTicker", "u": 7, "s": "BTCUSDT", "b": "28145.10", "B": "3.868", "a": "28145.20", "A": "6.887", "T": 1},
    {"e": "markPriceUpdate", "E": 1680652701000, "s": "BTCUSDT", "p": "28147.27", "i": "28159.75", "r": "0.00002754",
     "T": 1680652800000},
    {"lastUpdateId": 9, "E": 1, "T": 2, "bids": [["28145.10", "1.000"]], "asks": [["28145.20", "2.000"]]},
]  # fmt: skip


def payload(dice: random.Random) -> bytes:
    """A well-formed frame with one to three things wrong with it; one in ten is left whole."""
    body = dict(dice.choice(BODIES))
    raw: Any = body
    if dice.random() > 0.1:
        for _ in range(dice.randint(1, 3)):
            how = dice.random()
            key = dice.choice(list(body))
            if how < 0.6:
                body[key] = dice.choice(HOSTILE)
            elif how < 0.7:
                body.pop(key, None)
            elif how < 0.8:
                body[str(dice.choice(HOSTILE))] = dice.choice(HOSTILE)
            elif isinstance(body[key], list) and body[key]:
                body[key] = [[dice.choice(HOSTILE), dice.choice(HOSTILE)], *body[key]]
            body = body or {"e": "trade"}
    if dice.random() < 0.4:
        raw = {"stream": dice.choice(["btcusdt@depth@0ms", "btcusdt@trade", "x", "@", ""]), "data": body}
    if dice.random() < 0.03:
        raw = dice.choice(HOSTILE)
    text = json.dumps(raw).encode()
    cut = dice.random()
    if cut < 0.05:
        text = text[: dice.randrange(len(text) + 1)]
    elif cut < 0.10:
        noise = bytearray(text)
        for _ in range(dice.randint(1, 4)):
            if noise:
                noise[dice.randrange(len(noise))] = dice.randrange(256)
        text = bytes(noise)
    elif cut < 0.12:
        text = dice.randbytes(dice.randint(0, 200))
    return text


def check_level(px: int, sz: int) -> None:
    assert type(px) is int and type(sz) is int
    assert 0 < px <= MAX_UNITS and 0 <= sz <= MAX_UNITS
    assert px * sz * USDM.unit <= MAX_LEVEL


def check(frame: Any) -> None:
    assert 0 <= frame.ts_exch < FAR
    if isinstance(frame, Depth | Snapshot):
        for px, sz in (*frame.bids, *frame.asks):
            check_level(px, sz)
        if isinstance(frame, Snapshot):
            assert max(frame.bids)[0] < min(frame.asks)[0]
    elif isinstance(frame, Top):
        check_level(frame.bid_px, frame.bid_sz)
        check_level(frame.ask_px, frame.ask_sz)
        assert frame.bid_px < frame.ask_px
    elif isinstance(frame, Print):
        check_level(frame.px, frame.sz)
        assert frame.sz > 0 and frame.side in (-1, 1)
    else:
        assert isinstance(frame, Mark)
        assert 0 < frame.mark <= MAX_UNITS and 0 <= frame.index <= MAX_UNITS
        assert frame.rate == FAR or abs(frame.rate) <= MAX_UNITS


def test_twenty_thousand_hostile_payloads_pass_no_bad_number(seed: int) -> None:
    dice = random.Random(seed)
    codec = BinanceCodec(USDM)
    passed = 0
    for _ in range(PAYLOADS):
        frame = codec.decode(payload(dice))
        if frame is not None:
            check(frame)
            passed += 1
    assert passed + sum(codec.dropped.values()) == PAYLOADS
    assert PAYLOADS // 20 < passed < PAYLOADS // 2
    assert len(codec.dropped) >= 8  # the payloads reach many different refusals
    assert len(codec.price._known) <= 65_536


@pytest.mark.parametrize("shape", [(50,), (10, 5)])
def test_hostile_float_columns_give_integers_within_range(seed: int, shape: tuple[int, ...]) -> None:
    dice = np.random.default_rng(seed)
    odd = np.array([np.nan, np.inf, -np.inf, -1.0, 1e308, -1e308, 5e-324, 0.05, 0.0, 112657.1, 1e15, 2.0**63])
    for _ in range(400):
        values = dice.choice(odd, shape)
        units, fault = units_of(values, 0.1)
        assert units.dtype == np.int64 and units.shape == shape
        assert ((units >= 0) & (units <= MAX_UNITS)).all()
        assert (units[fault != 0] == 0).all()
        assert (fault[~np.isfinite(values)] != 0).all()


def test_hostile_text_never_carries_a_control_byte(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(1_000):
        raw = "".join(
            chr(dice.choice([dice.randrange(0x20), dice.randrange(0x110000), 0x202E, 0x1B])) for _ in range(300)
        )
        shown = clean(raw)
        assert len(shown) <= CAP
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in shown)
        shown.encode("utf-8")

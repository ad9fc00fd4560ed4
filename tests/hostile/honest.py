"""An honest small market in either dialect's own frames: whole sequences, current times, a book that moves.

Frames are recorded ones with their figures put anew, so that what is mutated is always next in sequence.
"""

from __future__ import annotations

import json
import random
from typing import Any

from core.clock import SystemClock
from core.domain.units import NS_PER_MS
from tests.hostile.tape import Tape

DEPTH = 12


class Honest:
    """`frame(kind)` is the next text of a kind; `path(kind)` the websocket it belongs to. Figures are plain."""

    def __init__(self, tape: Tape, seed: int) -> None:
        self.tape, self.clock = tape, SystemClock()
        self.kinds = tape.kinds()
        self.dice = random.Random(seed)
        self.binance = tape.hall.name == "binance_usdm"
        x = tape.hall.instrument
        self.tick = x.tick
        self.mid = round(tape.hall.price / x.tick)
        self.update, self.trade_id = 2_000_000, 5_000_000
        self._shown: tuple[dict[str, str], dict[str, str]] = ({}, {})

    @property
    def book(self) -> str:
        return "depthUpdate" if self.binance else "l2Book"

    def path(self, kind: str) -> str:
        return self.kinds[kind][0][0]

    def frame(self, kind: str) -> str:
        """The next frame of this kind."""
        text = self.kinds[kind][self.dice.randrange(len(self.kinds[kind]))][1]
        ms = self.clock.now() // NS_PER_MS
        message = json.loads(text)
        if kind == self.book:
            message = self._book(message, ms)
        elif kind in ("trade", "trades"):
            for trade in [message] if self.binance else message["data"]:
                self.trade_id += 1
                trade.update(
                    {"E": ms, "T": ms, "t": self.trade_id} if self.binance else {"time": ms, "tid": self.trade_id}
                )
                trade.update({"p" if self.binance else "px": self._text(self.mid)})
        elif kind == "markPriceUpdate":
            message.update(E=ms, p=self._text(self.mid))
        elif kind == "activeAssetCtx":
            message["data"]["ctx"].update(markPx=self._text(self.mid), oraclePx=self._text(self.mid))
        return json.dumps(message)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        """As recorded; the book of Binance as it is now."""
        if path.startswith("/fapi/v1/depth"):
            return 200, self.depth()
        return self.tape.answer(method, path, body)

    def depth(self) -> str:
        """The REST book of now (Binance), after which the next frame follows."""
        shown = self._levels()
        self._shown = shown
        bids, asks = ([[px, sz] for px, sz in side.items()] for side in shown)
        ms = self.clock.now() // NS_PER_MS
        return json.dumps({"lastUpdateId": self.update, "E": ms, "T": ms, "bids": bids, "asks": asks})

    def _text(self, ticks: int) -> str:
        return f"{ticks * self.tick:.8f}".rstrip("0").rstrip(".")

    def _levels(self) -> tuple[dict[str, str], dict[str, str]]:
        sizes = [f"{self.dice.randint(1, 40) / 10:.1f}" for _ in range(2 * DEPTH)]
        bids = {self._text(self.mid - 1 - n): sizes[n] for n in range(DEPTH)}
        asks = {self._text(self.mid + 1 + n): sizes[DEPTH + n] for n in range(DEPTH)}
        return bids, asks

    def _book(self, message: Any, ms: int) -> Any:
        self.mid += self.dice.choice((-1, 0, 1))
        before, now = self._shown, self._levels()
        self._shown = now
        if not self.binance:
            message["data"]["levels"] = [[{"px": px, "sz": sz, "n": 1} for px, sz in side.items()] for side in now]
            message["data"]["time"] = ms
            return message
        first, before_id = self.update + 1, self.update
        self.update += self.dice.randint(1, 5)
        gone = [{px: "0.000" for px in old if px not in new} for old, new in zip(before, now, strict=True)]
        sides = [[[px, sz] for px, sz in {**out, **new}.items()] for out, new in zip(gone, now, strict=True)]
        message.update(E=ms, T=ms, U=first, u=self.update, pu=before_id, b=sides[0], a=sides[1])
        return message

"""What a loopback venue lists of an instrument beyond what its exchange knows, and a change of it in one line of text.

Steps and bounds act in the exchange behind from the same instant; positions stay what they are. Both dialects list it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.errors import Refused
from core.domain.units import MONEY

if TYPE_CHECKING:
    from core.venues.wire.behind import WireExchange

TRADING = "TRADING"
WORDS = {
    "tick": "the price step, in steps of the start: 10, or 0.1 for a finer one",
    "lot": "the size step, likewise",
    "min": "the smallest order, base coins",
    "max": "the largest order, base coins",
    "notional": "the smallest value of an order, quote",
    "contract": "coins in one unit of every size on the wire",
    "leverage": "the largest leverage",
    "state": "TRADING, or any other word: nothing but cancels is taken",
    "listed": "no: the instrument is missing from the list, yes: it is back",
    "broken": "yes: its steps are listed as zero, no: as they are",
}


@dataclass
class Shown:
    """Of one instrument. `tick` and `lot` in steps of the start."""

    tick: float = 1.0
    lot: float = 1.0
    contract: int = 1
    leverage: int = 0  # 0 = as at the start
    state: str = TRADING
    listed: bool = True
    broken: bool = False


def pairs_of(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The symbol and the words with their values of `SYMBOL word=value ...`. Raises Refused."""
    name, *rest = text.split() or [""]
    pairs = [(word, value) for word, _, value in (pair.partition("=") for pair in rest)]
    for word, _ in pairs:
        if word not in WORDS:
            raise Refused(f"Expected a term of {', '.join(WORDS)}, was {word!r}")
    if not pairs:
        raise Refused(f"Expected 'SYMBOL word=value ...' of {', '.join(WORDS)}, was {text!r}")
    return name, pairs


def relist(exchange: WireExchange, text: str) -> int:
    """Carry out a change; the number of the instrument. Raises Refused."""
    name, pairs = pairs_of(text)
    names = [x.symbol for x in exchange.instruments]
    if name not in names:
        raise Refused(f"Expected one of {', '.join(names)} before the terms, was {name!r}")
    i = names.index(name)
    for word, value in pairs:
        try:
            _set(exchange, i, word, value)
        except ValueError:
            raise Refused(f"Expected {word}: {WORDS[word]}; was {value!r}") from None
    return i


def _set(exchange: WireExchange, i: int, word: str, value: str) -> None:
    shown, x = exchange.shown[i], exchange.instruments[i]
    market = exchange.exchange.markets[i].s
    if word in ("tick", "lot"):
        steps = _positive(value)
        setattr(shown, word, steps)
        exchange.inject(i, "filters", (max(1, round(steps)), 0) if word == "tick" else (0, max(1, round(steps))))
    elif word == "min":
        exchange.inject(i, "min_lots", (max(1, round(_positive(value) / x.lot)),))
    elif word == "max":
        exchange.exchange.specs[i].s.max_lots = round(_positive(value) / x.lot)
    elif word == "notional":
        market.min_notional = round(_positive(value) * MONEY)
    elif word in ("contract", "leverage"):
        setattr(shown, word, int(_positive(value)))
    elif word == "state":
        shown.state = value
        exchange.inject(i, "cancel_only", (int(value != TRADING),))
    else:
        setattr(shown, word, _yes(value))


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value < 1e12:
        raise ValueError(text)
    return value


def _yes(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"

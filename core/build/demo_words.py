"""The sentences of the pair's demonstration: what just happened and why, every figure taken from the run.

Pure: a picture of the pair and the decision that moved it in, one sentence out. Nothing here is known beforehand.
"""

from __future__ import annotations

from typing import NamedTuple

from core.domain.pair import LOCK, LONG, NO_LEG, OPEN, S1, S2, S3, S4, S5, SHORT, UNLOCK_A, UNLOCK_B
from core.domain.pair_picture import GateRow, PairRow, PairSplit

CONDITIONS = 3  # first rows of a gate: trend, net target return, funding spread
LEGS = ("long", "short")
UNKNOWN = "--"


class Decided(NamedTuple):
    """A wish as it was first made, with the spread and its bands of that moment, bp."""

    kind: int
    reason: str
    leg: int
    value: float
    limit: float
    spread: float | None = None
    z: float | None = None
    lower: float | None = None
    upper: float | None = None


class Rules(NamedTuple):
    """Two parameters that no picture shows: how many conditions open the gate, the slippage budget in bp of mid."""

    conditions: int
    budget_bp: float


def sentence(row: PairRow, last: Decided | None, was: int, rules: Rules) -> str:
    """What is to be said of the present state; `was`: the state before."""
    if row.state == S1:
        return _filled(row) if row.cell == "S1 one leg" else _opening(row, last)
    if row.state == S2:
        return _locking(row, last, rules)
    if row.state == S3:
        return _locked(row)
    if row.state in (S4, S5):
        return _unlocked(row, last)
    return _idle(row, rules) if was < S1 else _left(row, last, was)


def number(value: float | None, digits: int = 1, sign: bool = False) -> str:
    return UNKNOWN if value is None else f"{value:{'+' if sign else ''},.{digits}f}"


def bps(row: PairRow, value: float | None) -> float | None:
    """A price difference in bp of the middle of both legs' prices, as the panes show it (K-36)."""
    long, short = row.legs[LONG].price, row.legs[SHORT].price
    if value is None or long is None or short is None or long + short <= 0:
        return None
    return value / (long + short) * 2e4


def percent(value: float | None, digits: int = 2, sign: bool = True) -> str:
    return UNKNOWN if value is None else f"{100.0 * value:{'+' if sign else ''}.{digits}f}%"


def money(split: PairSplit) -> str:
    """The round's money by source."""
    return (
        f"net {split.net:+.2f} = spread {split.spread:+.2f}, trend {split.trend:+.2f}, carry {split.carry:+.2f}, "
        f"fees {-split.fees:+.2f}, execution {split.execution:+.2f}"
    )


def _gate(row: PairRow, leg: int) -> str:
    return ", ".join(_condition(one) for one in row.gates[leg][:CONDITIONS])


def _condition(one: GateRow) -> str:
    if one.name == "funding spread":
        return f"{one.name} {number(one.value, 2, True)} bp/h of {number(one.limit, 2)}"
    name = one.name.removeprefix("net ")
    return f"{name} {percent(one.value, 3)} of {percent(one.limit, 3, False)}"


def _price(row: PairRow, leg: int, value: float | None) -> str:
    return number(value, row.legs[leg].price_digits)


def _size(row: PairRow, leg: int) -> str:
    return f"{abs(row.legs[leg].size):.{row.legs[leg].size_digits}f} {row.base}"


def _figure(row: PairRow, name: str) -> tuple[float | None, float | None]:
    found = next((one for one in row.figures if one.name == name), None)
    return (None, None) if found is None else (found.value, found.limit)


def _idle(row: PairRow, rules: Rules) -> str:
    prices = ", ".join(f"{_price(row, n, leg.price)} on {leg.venue}" for n, leg in enumerate(row.legs))
    return (
        f"nothing is held; {row.base} at {prices}. A leg opens with {rules.conditions} of these {CONDITIONS}: "
        f"{_gate(row, LONG)}"
    )


def _opening(row: PairRow, last: Decided | None) -> str:
    leg = last.leg if last is not None and last.kind == OPEN and last.leg != NO_LEG else LONG
    doing = "buying" if leg == LONG else "selling"
    return f"the gate opened: {_gate(row, leg)}; {doing} on {row.legs[leg].venue}, resting at its touch"


def _held(row: PairRow) -> int:
    return LONG if abs(row.legs[LONG].size) >= abs(row.legs[SHORT].size) else SHORT


def _filled(row: PairRow) -> str:
    leg = _held(row)
    one, (lock, _) = row.legs[leg], _figure(row, "lock price")
    done = "bought" if leg == LONG else "sold"
    return (
        f"{done} {_size(row, leg)} at {_price(row, leg, one.entry)} on {one.venue}; a stop stands at "
        f"{_price(row, leg, one.stop)}; at {_price(row, leg, lock)} the {LEGS[1 - leg]} leg locks the gain"
    )


def _locking(row: PairRow, last: Decided | None, rules: Rules) -> str:
    first = _held(row)
    second, doing = 1 - first, "selling" if first == LONG else "buying"
    gained = "gained"
    if last is not None and last.kind == LOCK:
        gained += f" {percent(last.value, 3)} of {percent(last.limit, 3, False)}"
    return (
        f"the {LEGS[first]} leg {gained}: {doing} {_size(row, first)} on {row.legs[second].venue} near "
        f"{_price(row, second, row.legs[second].price)}, within {rules.budget_bp:g} bp"
    )


def _locked(row: PairRow) -> str:
    long, short = row.legs
    gain = short.entry - long.entry if short.entry is not None and long.entry is not None else None
    spread, lower, upper = (number(bps(row, value), 1, True) for value in (row.spread, row.lower, row.upper))
    return (
        f"bought at {_price(row, LONG, long.entry)}, sold at {_price(row, SHORT, short.entry)}: "
        f"{number(gain, row.price_digits, True)} a {row.base} locked, net {row.net:.{long.size_digits}f}. Funding "
        f"runs; the spread, {spread} bp (z {number(row.z, 1, True)}), unlocks at {lower} or {upper} bp"
    )


def _unlocked(row: PairRow, last: Decided | None) -> str:
    kept = LONG if row.state == S4 else SHORT
    why = "unlocked"
    if last is not None and last.kind in (UNLOCK_A, UNLOCK_B):
        letter, band = ("A", last.upper) if last.kind == UNLOCK_A else ("B", last.lower)
        if "band" in last.reason:
            side = "over the upper" if last.kind == UNLOCK_A else "under the lower"
            spread = f"{number(last.spread, 1, True)} bp (z {number(last.z, 1, True)})"
            why = f"the spread went to {spread}, {side} band {number(band, 1, True)}: unlock {letter}"
        else:
            why = f"{last.reason}: unlock {letter}"
    _, rebound = _figure(row, "rebound")
    return (
        f"{why} closed the {LEGS[1 - kept]} leg; the {LEGS[kept]} goes on at {_price(row, kept, row.legs[kept].price)} "
        f"with a stop at {_price(row, kept, row.legs[kept].stop)}, and leaves {percent(rebound)} in its favour"
    )


def _left(row: PairRow, last: Decided | None, was: int) -> str:
    if last is not None and last.kind == OPEN:
        return f"the leg found no fill and was given up; flat on both venues. The round so far: {money(row.split)}"
    leg = {S4: "the long leg", S5: "the short leg"}.get(was, "the pair")
    why = f"{last.reason} {percent(last.value, 3)} of {percent(last.limit, 3, False)}" if last is not None else "closed"
    return f"{leg} left, {why}; flat on both venues. The round so far: {money(row.split)}"


def settled(row: PairRow) -> str:
    """Funding was booked."""
    rates = " and ".join(f"{percent(leg.rate, 4)} on {leg.venue}" for leg in row.legs)
    return f"funding was settled ({rates}; longs pay, shorts receive): carry {row.split.carry:+.4f} so far"


def ended(row: PairRow, missing: list[str], seconds: float, watched: bool) -> str:
    """The last words; `watched`: by somebody who can press a key."""
    said = "all six states were seen" if not missing else f"not seen: {', '.join(missing)}"
    return f"finished in {seconds:.0f} s, {said}. The round's {money(row.split)}" + (". q leaves" if watched else "")

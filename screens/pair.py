"""What every picture of a pair shares: which pair is meant, units of its figures, their age, the strip S0..S5.

Pure; draws no pane. Unknown is `--`, a figure made from an old price carries `?`.
"""

from __future__ import annotations

import math

from core.domain.pair_picture import GateRow, LegRow, PairRow
from screens import format as fmt
from screens.view import NORMAL, OLD, QUIET_NS, STALE, View
from screens.widgets.lines import Line, Span

S0, S1, S2, S3, S4, S5 = range(6)
LONE = (S1, S4, S5)  # one leg is all that is held
NAKED = "naked seconds"  # name of the figure: how long the residual has stood, and how long it may
BOOK_NS = 5 * fmt.SECOND  # a book older than this is stale where its feed names no bound of its own


def featured(pairs: tuple[PairRow, ...]) -> int:
    """The pair that is shown where there is room for one: the first that is not S0, else the first."""
    return next((at for at, pair in enumerate(pairs) if pair.state != S0), 0)


def which(pairs: tuple[PairRow, ...], at: int) -> str:
    """The pair's name, and which of how many it is."""
    return pairs[at].name + (f" {at + 1} of {len(pairs)}" if len(pairs) > 1 else "")


# --- ages -------------------------------------------------------------------------------------------------------------
def leg_age(view: View, leg: LegRow) -> int | None:
    """Age of the leg's book; silence of the core counts."""
    if leg.age_ns is None:
        return None
    return leg.age_ns + (view.silence_ns if view.silence_ns >= QUIET_NS else 0)


def leg_freshness(view: View, leg: LegRow) -> int:
    """By the bound of the leg's own feed. A book that never came, or whose venue is down, is STALE."""
    feeds = view.snapshot.feeds if view.snapshot is not None else ()
    bounds = [f.stale_ns for f in feeds if (f.venue, f.symbol) == (leg.venue, leg.symbol) and f.stale_ns > 0]
    age = leg_age(view, leg)
    if age is None or leg.down:
        return STALE
    bound = min(bounds, default=BOOK_NS)
    return STALE if age > bound else OLD if age * 5 > bound * 2 else NORMAL


def oldest(view: View, pair: PairRow) -> tuple[int | None, bool]:
    """Age of the older book, and whether the spread made from both is stale."""
    ages = [leg_age(view, leg) for leg in pair.legs]
    known = [age for age in ages if age is not None]
    return max(known, default=None), any(leg_freshness(view, leg) == STALE for leg in pair.legs)


def aged(view: View, pair: PairRow, text: str) -> str:
    """A figure made from both prices, with `?` while one of them is old; unknown stays `--`."""
    return f"?{text}" if text != fmt.UNKNOWN and oldest(view, pair)[1] else text


# --- figures ----------------------------------------------------------------------------------------------------------
def known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def bps(pair: PairRow, value: float | None) -> float | None:
    """A price difference in bp of the middle of both legs' prices (K-36); None while a price is unknown."""
    long, short = pair.legs[0].price, pair.legs[1].price
    if value is None or long is None or short is None or not long + short > 0:
        return None
    return value / (long + short) * 2e4


def in_unit(pair: PairRow, value: float | None, unit: str) -> str:
    """A spread as text in `bp`, or in quote units where the chart says so."""
    return fmt.number(bps(pair, value), 2, True) if unit == "bp" else fmt.number(value, pair.price_digits, True)


SHORTER = {
    "net target return": "target return", "minutes to settlement": "to settlement", "expected funding": "exp. funding",
    "funding paid, annualised": "funding paid apr",
}  # fmt: skip
_SHARES = {
    "trend": (3, True), "net target return": (3, True), "expected funding": (4, True), "residual": (1, False),
    "funding paid, annualised": (1, True), "pnl": (2, True), "rebound": (2, True),
}  # fmt: skip
_PRICES = ("stop price", "lock price", "spread", "lower band", "upper band")


def figure(pair: PairRow, name: str, value: float | None) -> str:
    """The value or the bound of a GateRow in the unit of its name."""
    if value is None or not math.isfinite(value):
        return fmt.UNKNOWN
    if name in _SHARES:
        return fmt.percent(value, *_SHARES[name])
    if name in _PRICES:
        return fmt.number(value, pair.price_digits)
    if name == "funding spread":
        return fmt.number(value, 2, True) + "bp"
    if name == "volatility":
        return fmt.number(value, 2)
    if name == "minutes to settlement":
        return fmt.number(value, 1) + "m"
    if name.startswith("seconds"):
        return fmt.hms(fmt.ns_of(value))
    return f"{value:.6g}"


def bound(pair: PairRow, name: str, value: float | None) -> str:
    """The bound in the same unit; no sign where it is positive."""
    return figure(pair, name, value).removeprefix("+")


def holds(row: GateRow) -> Span:
    """In words: yes, NO, or nothing where the figure only informs."""
    return ("", "dim") if row.holds is None else ("yes", "ok") if row.holds else ("NO", "warn")


def carry(pair: PairRow) -> str:
    return fmt.UNKNOWN if not known(pair.carry_bps) else fmt.number(pair.carry_bps, 2, True) + " bp"


def guard(pair: PairRow) -> tuple[str, str]:
    """Net funding paid, annualised, against its cap (S1-25); equality is inside."""
    if pair.guard_apr is None or not math.isfinite(pair.guard_apr):
        return fmt.UNKNOWN, "dim"
    over = pair.guard_apr > pair.guard_cap
    text = f"{fmt.percent(pair.guard_apr, 1, True)} of {fmt.percent(pair.guard_cap, 0)}"
    return text + (" OVER" if over else " ok"), "crit" if over else "text"


def residual(pair: PairRow) -> tuple[str, str]:
    """The share that is not hedged against its cap (K-27: a lone leg has none)."""
    if pair.state in LONE:
        return "lone leg", "text"
    over = not pair.residual <= pair.residual_cap
    text = f"{fmt.percent(pair.residual)} of {fmt.percent(pair.residual_cap, 0)}"
    return text + (" OVER" if over else " ok"), "crit" if over else "text"


# --- the state --------------------------------------------------------------------------------------------------------
def chip(pair: PairRow) -> str:
    """Style of the present state: loud while stuck, warning while the second leg works."""
    return "chip.crit" if pair.stuck else "chip.warn" if pair.state == S2 or pair.busy else "chip.note"


def strip(pair: PairRow, words: bool = True) -> Line:
    """`S0  S1  S2  [S3 LOCKED]  S4  S5`: the present one in brackets and capitals, so that it needs no colour."""
    line = Line()
    for state in range(6):
        gap = " " if state else ""
        if state == pair.state:
            name = f" {pair.state_name.upper()}" if words and pair.state_name else ""
            line.add(gap).add(f"[S{state}{name}]", chip(pair))
        else:
            line.add(f"{gap}S{state}", "dim")
    return line


def seconds_left(pair: PairRow) -> tuple[str, str]:
    """What runs out and when (S1-38); nothing where no clock runs."""
    if pair.state not in (S3, S4, S5) and pair.seconds_left is None:
        return "", ""
    name = "lock left " if pair.state == S3 else "leg left " if pair.state in LONE else "left "
    left = fmt.ns_of(pair.seconds_left)
    return name, "over" if left is not None and left <= 0 else fmt.hms(left)


def naked(pair: PairRow) -> Span | None:
    """How long a residual has stood against how long it may; None where there is none and nobody works at the legs.

    S2 without that figure is unknown, not zero.
    """
    row = next((row for row in pair.figures if row.name == NAKED), None)
    if row is None or not known(row.value):
        return (f"naked {fmt.UNKNOWN}", "warn") if row is not None or pair.state == S2 else None
    stood, most = fmt.ns_of(row.value), fmt.ns_of(row.limit)
    if not stood and pair.state != S2:
        return None
    text = f"naked {fmt.age(stood)} of {fmt.age(most)}"
    if not stood:
        return text, "text"
    return (text + " OVER", "crit") if most is None or stood is None or stood > most else (text, "warn")


def stop_text(pair: PairRow, leg: LegRow) -> tuple[str, str]:
    """The stop in force. A leg that the other does not cover and that has none is a warning."""
    if leg.stop is not None:
        return fmt.number(leg.stop, leg.price_digits), "text"
    if not leg.size:
        return "-", "dim"
    other = next((one.size for one in pair.legs if one is not leg), 0.0)
    opposite = leg.size * other < 0
    even = pair.state not in LONE and pair.residual <= pair.residual_cap
    return ("hedged", "dim") if opposite and (even or abs(other) >= abs(leg.size)) else ("NONE", "warn")


def side_style(leg: LegRow) -> str:
    return "dim" if not leg.size else "buy" if leg.size > 0 else "sell"


def bands_line(view: View, pair: PairRow, width: int) -> Line:
    """The spread between its bands in order of size, the present one in brackets: `LB -4.0 - mean 0 - [+1.8] - UB`."""
    unit = "bp" if bps(pair, 0.0) is not None else ""
    now = aged(view, pair, in_unit(pair, pair.spread, unit))
    tail = f" {unit}"
    bands = [("LB ", pair.lower, "buy"), ("mean ", pair.mean, "label"), ("UB ", pair.upper, "sell")]
    if not all(known(value) for _, value, _ in bands):
        line = Line(("spread ", "label"), (now + tail, "value"), ("  no bands yet ", "warn"))
        return line.add(f"samples {pair.samples}/{pair.samples_wanted}", "text")
    rows = [(value or 0.0, name + in_unit(pair, value, unit), style) for name, value, style in bands]
    if pair.spread is not None and known(pair.spread):
        rows.append((pair.spread, f"[{now}]", "value"))
    line = Line()
    for n, (_, text, style) in enumerate(sorted(rows, key=lambda row: row[0])):
        line.add(f" {view.theme.sign('grid')} " if n else "", "dim").add(text, style)
    line.add(tail, "dim")
    z = Line((" z ", "label"), (aged(view, pair, fmt.number(pair.z, 1, True)), "value"))
    return line.extend(z) if line.width + z.width <= width else line


def distances(pair: PairRow, width: int) -> list[Line]:
    """S3: how far the spread is from each band, and which unlock that is (S1-39, S1-40); nothing while unknown."""
    lines = []
    unit = "bp" if bps(pair, 0.0) is not None else ""
    for name, level, sign, style in (("A at UB", pair.upper, 1, "sell"), ("B at LB", pair.lower, -1, "buy")):
        if level is None or pair.spread is None or not known(level - pair.spread):
            return []
        gap = (level - pair.spread) * sign
        line = Line((f"unlock {name} ", "label"), (in_unit(pair, level, unit), style))
        line.add(" due" if gap <= 0 else f" needs {in_unit(pair, gap * sign, unit)}", "warn" if gap <= 0 else "text")
        lines.append(line.add(f" {unit}", "dim"))
    if lines[0].width + lines[1].width + 3 > width:
        return lines
    return [lines[0].pad((width - 3) // 2 + 3 if lines[0].width <= (width - 3) // 2 else 0).extend(lines[1])]


def kpi_state(pairs: tuple[PairRow, ...]) -> Span:
    """`S3 LOCKED` of the featured pair for the header; a stuck or overdue naked one goes before it."""
    for pair in pairs:
        if pair.stuck:
            return f"S{pair.state} STUCK", "crit"
    for pair in pairs:
        bare = naked(pair)
        if bare is not None and bare[1] == "crit":
            return f"S{pair.state} NAKED", "crit"
    pair = pairs[featured(pairs)]
    return f"S{pair.state} {pair.state_name.upper()}", "warn" if pair.state == S2 else "value"

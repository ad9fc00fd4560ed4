"""Numbers, durations and times as text. Unknown is `--`, never 0; a value is never markup.

Pure functions of their arguments: no clock, no locale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import category

UNKNOWN = "--"
MARKS = 4  # signs without a width in a row
SECOND = 1_000_000_000
DAY = 86_400 * SECOND


def number(value: float | None, digits: int = 2, sign: bool = False) -> str:
    """Fixed digits; None, NaN and inf are unknown. A rounded zero has no minus."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    if float(text) == 0.0:
        return text.replace("-", "+" if sign else "")
    return text


def percent(share: float | None, digits: int = 1, sign: bool = False) -> str:
    """A share of 1 as per cent; inf stands for "no bound reached" and is drawn as the word none by the caller."""
    return UNKNOWN if share is None or not math.isfinite(share) else number(share * 100, digits, sign) + "%"


def short(value: float | None, sign: bool = False) -> str:
    """Three figures with k, M, G: 56.1k."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    for bound, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= bound:
            scaled = value / bound
            return number(scaled, 1 if abs(scaled) < 100 else 0, sign) + unit
    return number(value, 2 if size < 100 else 1, sign)


def span_ns(ns: int | None) -> str:
    """A measured duration: 38µs, 0.41ms, 11ms, 1.2s."""
    if ns is None:
        return UNKNOWN
    size = abs(ns)
    if size < 1_000:
        return f"{ns}ns"
    if size < 100_000:
        return f"{ns / 1e3:.0f}µs" if size >= 10_000 else f"{ns / 1e3:.1f}µs"
    if size < 1_000_000_000:
        ms = ns / 1e6
        return f"{ms:.2f}ms" if size < 10_000_000 else f"{ms:.0f}ms"
    return f"{ns / 1e9:.1f}s"


def age(ns: int | None) -> str:
    """An age or a countdown in at most 5 signs: 0.4s, 14s, 3m12, 2h05, 4d."""
    if ns is None:
        return UNKNOWN
    seconds = max(ns, 0) / 1e9
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86_400}d"


def ns_of(seconds: float | None) -> int | None:
    """Seconds as ns; None where it is no time: None, NaN, inf or more than 10^12 s."""
    if seconds is None or not math.isfinite(seconds) or abs(seconds) > 1e12:
        return None
    return round(seconds * SECOND)


def hms(ns: int | None) -> str:
    """A duration as 02:11:04."""
    if ns is None:
        return UNKNOWN
    seconds = max(ns, 0) // SECOND
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def ms(ns: int | None) -> str:
    """A countdown as 04:59."""
    if ns is None:
        return UNKNOWN
    seconds = -(-max(ns, 0) // SECOND)
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def clock(ts: int | None) -> str:
    """The UTC time of day of a ns stamp."""
    return UNKNOWN if not ts else hms(ts % DAY)


def date_time(ts: int | None) -> str:
    """UTC date and time to the minute, by the civil calendar (Hinnant's days-to-civil)."""
    if not ts:
        return UNKNOWN
    days = ts // DAY + 719_468
    era, doe = divmod(days, 146_097)
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    month_index = (5 * doy + 2) // 153
    day = doy - (153 * month_index + 2) // 5 + 1
    month = month_index + 3 if month_index < 10 else month_index - 9
    year = yoe + era * 400 + (month <= 2)
    return f"{year:04d}-{month:02d}-{day:02d} {hms(ts % DAY)[:5]}"


def stamp(ts: int | None) -> str:
    """UTC date and time to the millisecond."""
    if not ts:
        return UNKNOWN
    return f"{date_time(ts)[:10]} {hms(ts % DAY)}.{ts % SECOND // 1_000_000:03d}"


def shorten(text: str, width: int, mark: str = "…") -> str:
    """At most `width` signs, the cut shown by `mark`."""
    if width <= 0:
        return ""
    return text if len(text) <= width else text[: max(width - len(mark), 0)] + mark[:width]


def folded(text: str, width: int) -> list[str]:
    """Words of `text` in rows of at most `width`; a longer word stands alone."""
    rows, row = [], ""
    for word in text.split():
        if row and len(row) + 1 + len(word) > width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}".strip()
    return [*rows, row]


def distinct(places: Sequence[tuple[str, str]]) -> list[str]:
    """Names of (venue, symbol) places: on several venues the venue, else the symbol, or some of both."""
    symbols, venues = [symbol for _, symbol in places], [venue for venue, _ in places]
    if len(places) > 1 and len(set(venues)) == len(venues):
        return venues
    if len(set(symbols)) == len(symbols):
        return symbols
    return [f"{venue[:4]} {symbol}" for venue, symbol in places]


def plain(text: str) -> str:
    """Without control characters and floods of marks: the last guard before the terminal (the first is the codec)."""
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else "·" for sign in text)
    return text if text.isascii() else _without_floods(text)


@lru_cache(4096)
def _without_floods(text: str) -> str:
    """At most MARKS signs without a width of their own on one letter: a cell of hundreds stalls a terminal."""
    kept, run = [], 0
    for sign, kind in zip(text, map(category, text), strict=True):
        run = run + 1 if kind in ("Mn", "Me") else 0
        if run <= MARKS:
            kept.append(sign)
    return "".join(kept)


def plain_lines(text: str) -> str:
    """As `plain`, line by line: a document that was read from a file."""
    return "\n".join(plain(line.expandtabs(4)) for line in text.replace("\r\n", "\n").split("\n"))


def blocks(values: tuple[float, ...], width: int, ascii_only: bool = False) -> str:
    """A sparkline of the newest `width` values, scaled to their own range."""
    ramp = "_.-=+*#@" if ascii_only else "▁▂▃▄▅▆▇█"
    shown = [value for value in values if math.isfinite(value)]
    if len(shown) > width:
        step = len(shown) / width
        shown = [shown[int((i + 1) * step) - 1] for i in range(width)]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    if high <= low:
        return ramp[0] * len(shown)
    room = high / 8 - low / 8  # in eighths: the whole range may be more than a float holds
    return "".join(ramp[min(int((value / 8 - low / 8) / room * 8), 7)] if room else ramp[0] for value in shown)


def bar(share: float | None, width: int, ascii_only: bool = False) -> str:
    """A gauge of `width` cells filled to `share` (clamped to 0 .. 1), in eighths of a cell."""
    if share is None or math.isnan(share):
        return "?" * width if ascii_only else "░" * width
    filled = min(max(share, 0.0), 1.0) * width
    if ascii_only:
        whole = round(filled)
        return "#" * whole + "." * (width - whole)
    whole = int(filled)
    eighth = int((filled - whole) * 8)
    text = "█" * whole + (" ▏▎▍▌▋▊▉"[eighth] if eighth and whole < width else "")
    return text + "░" * (width - len(text))

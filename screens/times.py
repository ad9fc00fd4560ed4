"""A time of day as an operator types it, as a stamp in the past of what is shown. Pure: reads no clock."""

from __future__ import annotations

import re

from screens.format import DAY, SECOND

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def before(text: str, newest: int) -> int | None:
    """`HH:MM` or `HH:MM:SS`, UTC: the ns stamp of its last coming at or before `newest`; None when it is no time."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    at = newest - newest % DAY + (hours * 3600 + minutes * 60 + seconds) * SECOND
    return at if at <= newest else at - DAY

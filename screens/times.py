"""A time of day as an operator types it, UTC. Pure: reads no clock."""

from __future__ import annotations

import re

from screens.format import DAY, SECOND

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?")


def of_day(text: str) -> int | None:
    """`HH:MM` or `HH:MM:SS` as ns since midnight; None when it is no time."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return (hours * 3600 + minutes * 60 + seconds) * SECOND


def before(text: str, newest: int) -> int | None:
    """The ns stamp of its last coming at or before `newest`; None when it is no time."""
    since_midnight = of_day(text)
    if since_midnight is None:
        return None
    at = newest - newest % DAY + since_midnight
    return at if at <= newest else at - DAY

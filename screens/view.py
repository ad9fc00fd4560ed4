"""What a pane is given to draw with: the Snapshot, the time that the app tells, the theme; and the stale rules.

Screens never read a clock. `silence_ns` is how long no new Snapshot came; ages grow by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.snapshot import Snapshot
from screens import format as fmt
from screens.theme import Theme

QUIET_NS = 1_000_000_000
DEAD_NS = 3_000_000_000
NORMAL, OLD, STALE = 0, 1, 2


@dataclass(frozen=True)
class View:
    """One picture to draw. `utc` is wall time in ns, `beat` alternates each second, `core_dead` names the end."""

    snapshot: Snapshot | None
    theme: Theme
    utc: int = 0
    silence_ns: int = 0
    beat: bool = False
    frozen_ns: int | None = None
    core_dead: str = ""
    read_only: bool = False
    can_detach: bool = False
    note: str = ""  # hint or answer of the console itself, shown on the action line
    note_level: str = "dim"
    hz: float = 2.0
    sorts: Mapping[str, tuple[str, bool]] = field(default_factory=dict)  # pane -> column, largest first

    @property
    def quiet(self) -> bool:
        """No Snapshot for a second."""
        return self.snapshot is None or self.silence_ns >= QUIET_NS

    @property
    def lost(self) -> bool:
        """No Snapshot for three seconds, or the core has ended: every number is old."""
        return bool(self.core_dead) or (self.snapshot is not None and self.silence_ns >= DEAD_NS)

    def age_ns(self, ts: int | None) -> int | None:
        """Age of a figure in core time. None when it never came."""
        if not ts or self.snapshot is None:
            return None
        return max(self.snapshot.ts - ts, 0) + (self.silence_ns if self.silence_ns >= QUIET_NS else 0)

    def freshness(self, age_ns: int | None, period_ns: int) -> int:
        """NORMAL below 2 periods, OLD below 5, STALE beyond or when it never came."""
        if age_ns is None or age_ns > 5 * period_ns:
            return STALE
        return OLD if age_ns > 2 * period_ns else NORMAL

    def aged(self, text: str, age_ns: int | None, period_ns: int) -> tuple[str, str]:
        """A value with its age by the stale rules: (text, style); unknown stays `--`."""
        if text == fmt.UNKNOWN:
            return text, "dim"
        state = self.freshness(age_ns, period_ns)
        if state == NORMAL:
            return text, "text"
        if state == OLD:
            return f"{text} {self.theme.sign('age')}{fmt.age(age_ns)}", "old"
        return "?" + text, "stale"

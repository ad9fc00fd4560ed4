"""How late anything of a venue may be, for whoever concludes from its silence (RELIABILITY.md 2.3). Figures alone."""

from __future__ import annotations

from core.domain.units import NS_PER_S

LIFETIME_NS = 2 * NS_PER_S  # R: the venue refuses a create that arrives later
SKEW_NS = NS_PER_S // 2  # between its clock and ours
LAG_NS = 3 * NS_PER_S  # L: how far its reads may be behind what happened
Q_NS = LIFETIME_NS + SKEW_NS + LAG_NS  # all three: what was sent has arrived, and every read shows it (E4)
UNBOUNDED_NS = 30 * NS_PER_S  # the same where a create carries no expiry: no proof, only patience

"""The part of the go-live checklist that a running core knows: what an operator sees before the first resume.

Reads the engine, asks nobody. Never stops a resume: the engine's own limits do that. S1-50, S1-55, S0-22, R-B1.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.instrument import Instrument
from core.domain.snapshot import AlertRow, Check
from core.domain.units import MONEY, NS_PER_MS, PPM
from core.engine.engine import Engine
from core.models.margin import Brackets, liquidation_buffer, tiered_liquidation

CLOCK_LIMIT_NS = 250 * NS_PER_MS


def before_resume(engine: Engine, alerts: Sequence[AlertRow]) -> tuple[Check, ...]:
    """Seven lines, the worst first: no, unknown, yes. What stands in for a dead process is `Snapshot.dead_man`."""
    check, posts = engine.check, engine.posts
    agreed = None if check.clean and check.why else check.clean  # clean once, but the newest read was not answered
    vitals = [post.vitals.s for post in posts]
    heard = all(v.ts for v in vitals)
    down = max(v.links_down for v in vitals)
    offset = max((v.clock_offset_ns for v in vitals), key=abs)
    stale = sum(bool(post.risk.s.stale) for post in posts)
    foreign = check.foreign_orders + check.foreign_positions
    waiting = [row for row in alerts if not row.acked and row.level != "info"]
    crit = sum(row.level == "crit" for row in waiting)
    found = [
        Check("account reconciled", agreed, check.why or "orders, positions and trades agree"),
        Check("feeds fresh", stale == 0, "books come" if not stale else f"{stale} stale"),
        Check("streams up", down == 0 if heard else None, f"{down} down" if heard else "no sample yet"),
        Check(
            "clock within 250 ms", abs(offset) < CLOCK_LIMIT_NS if heard else None,
            f"{offset / NS_PER_MS:+.0f} ms" if heard else "no sample yet",
        ),
        Check(
            "nothing foreign", None if foreign else True,
            f"{check.foreign_orders} orders, {check.foreign_positions} positions, not touched" if foreign else "none",
        ),
        _bound(engine),
        Check("alerts read", False if crit else None if waiting else True, f"{len(waiting)} waiting, {crit} critical"),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda line: {False: 0, None: 1, True: 2}[line.ok]))


def _bound(engine: Engine) -> Check:
    """The nearest liquidation that a position of netMax would have from here."""
    name, least, limit = "liquidation at netMax", float("inf"), 0.0
    for post in engine.posts:
        x, mark = post.instrument, post.instrument.price(post.view.s.mark)
        if not x.isolated:
            return Check(name, None, "cross margin: the whole account stands behind it")
        if not mark > 0:
            return Check(name, None, "no mark price yet")
        size = x.size(post.limits.s.net_max)
        margin = size * mark / x.leverage
        least = min(least, *(buffer_of(x, sign, size, mark, margin) for sign in (1, -1)))
        limit = max(limit, post.limits.s.buffer_redline, post.limits.s.buffer_flatten)
    return Check(name, least > limit, f"{least:.1%} away, limit {limit:.0%}")


def buffer_of(x: Instrument, sign: int, size: float, mark: float, margin: float) -> float:
    """Signed share of the price between `mark` and the liquidation of an isolated position entered there; -1 where it
    cannot be told. `size` base coins, `margin` quote."""
    brackets = Brackets([tier.floor / MONEY for tier in x.tiers], [tier.mmr_ppm / PPM for tier in x.tiers])
    found = liquidation_buffer(sign, mark, tiered_liquidation(margin, sign, size, mark, brackets))
    return -1.0 if found is None else found

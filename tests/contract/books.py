"""Our ledger beside a site: orders get their slots as the engine gives them, reports are applied in any order."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.instrument import spec_of
from core.domain.order import (
    AMEND,
    CREATE,
    FREE,
    REPORTS,
    RESTING_REJECT,
    SLOTS,
    Ledger,
    Report,
    Reports,
    Request,
)
from core.execution.ledger import apply_reports, first_seq
from core.execution.slots import mark_amend, mark_cancel, place
from tests.contract.sites import Site

FIELDS = ("kind", "ts", "cl_id", "venue_id", "side", "px", "qty", "left", "trade_id", "fee", "maker", "amount", "code")


class Books:
    """The ledger of instrument 0. `create`, `amend`, `cancel` mark and give the request; the caller sends it."""

    def __init__(self, site: Site) -> None:
        self.site, self.spec = site, spec_of(site.places[0].instrument)
        self.ledger, self.reports = Ledger(next_seq=first_seq(site.now())), Reports()
        self._slot = 0

    def create(self, side: int, px: int, qty: int, tif: int) -> Request:
        self._slot += 1
        cl_id = place(self.ledger.s, self._slot, self._slot, side, px, qty, 0, tif, 0, self.site.now())
        return Request(0, 0, CREATE, cl_id, 0, side, px, qty, 0, tif, 0, self._slot)

    def mark(self, request: Request, ts: int = 0) -> None:
        """A cancel or amend is on its way, since `ts` (ns, 0 = now)."""
        slot, ts = request.cl_id % SLOTS, ts or self.site.now()
        if request.kind == AMEND:
            mark_amend(self.ledger.s, slot, request.px, request.qty, ts)
        else:
            mark_cancel(self.ledger.s, slot, ts)

    def apply(self, reports: Iterable[Report]) -> None:
        """As the engine does it, in blocks."""
        waiting = [report for report in reports if report.instrument == 0]
        for first in range(0, len(waiting), REPORTS):
            block = waiting[first : first + REPORTS]
            self.reports.s.n = len(block)
            for n, report in enumerate(block):
                for name in FIELDS:
                    getattr(self.reports.s, name)[n] = getattr(report, name)
            apply_reports(self.ledger.plain, self.reports.plain, self.spec.plain, self.site.now())

    def state(self) -> dict[str, object]:
        """What must not depend on the order of news."""
        o = self.ledger.s
        alive = [i for i in range(SLOTS) if o.state[i] not in (FREE, RESTING_REJECT)]
        return {
            "pos": int(o.pos), "cost": int(o.cost), "realised": int(o.realised), "fees": int(o.fees),
            "funding": int(o.funding), "fills": sum(o.n_fills), "maker": int(o.n_maker), "unknown": int(o.n_unknown),
            "open": [int(lots) for lots in o.open_lots],
            "alive": sorted((int(o.cl_id[i]), int(o.px[i]), int(o.left[i])) for i in alive),
        }  # fmt: skip

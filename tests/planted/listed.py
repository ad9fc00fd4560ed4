"""The public list: every planted bug, in the order of the page."""

from __future__ import annotations

from tests.planted.bug import Bug
from tests.planted.closes import CLOSES
from tests.planted.evidence import EVIDENCE_BUGS
from tests.planted.limits import LIMITS
from tests.planted.orders import ORDERS
from tests.planted.pairs import PAIRS
from tests.planted.paper import PAPER
from tests.planted.stops import STOPS
from tests.planted.venues import VENUES

PARTS: tuple[tuple[str, tuple[Bug, ...]], ...] = (
    ("Orders and books", ORDERS),
    ("Limits", LIMITS),
    ("The emergency stop: cancel, verify, stay stopped", STOPS),
    ("The emergency stop: closing positions", CLOSES),
    ("The emergency stop: what stands hidden, dust, evidence", EVIDENCE_BUGS),
    ("Venues, locks, secrets, console, reports", VENUES),
    ("Paper kinder than live", PAPER),
    ("Pairs", PAIRS),
)
BUGS: tuple[Bug, ...] = tuple(bug for _, bugs in PARTS for bug in bugs)

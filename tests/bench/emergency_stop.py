"""The emergency stop over real sockets: 1,000 orders and 10 positions on two loopback venues, quiet, in a storm, with
one of them gone. The stop runs as `panic` runs it (fresh clients, no core), in this process; each venue is another one.

Q is 0 here: nothing of a core can be on its way. A panic beside a core of unknown fate waits for Q, 5.5 s, before it
closes: `emergency_cold` measures that, imports and all.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.clock import SystemClock
from core.control.accounts import open_live
from core.control.evidence import Evidence
from core.control.panic_accounts import PanicAccounts
from core.control.venue_record import KeySource, VenueRecord, traded_of, write_venues
from core.domain.units import NS_PER_MS
from core.guard.private import private_dir
from core.venues.ccxt.catalogue import traits_of
from tests.bench.children import CHECKOUT, environment
from tests.bench.emergency_venue import KEY, PRIVATE, SECRET, instruments_of
from tests.bench.table import Row, judged, not_run, quantile, spread
from tests.venues.ccxt.leaving import Leaving

DIALECTS = ("binance_usdm", "hyperliquid")
ORDERS, POSITIONS = 500, 5  # at each
QUIET = "panic, 1,000 orders and 10 positions on two loopback venues, nothing in flight: orders clean"
QUIET_FLAT = "the same: FLAT"
STORM = "the same in a storm: 3 s of 503 first, 50 % 429 with Retry-After 1 s to the end"
STORM_SHORT = "the same, the 429 end 3 s after the 503"
LOST = "one venue black-holed: the other one FLAT"
LOST_BACK = "the same: the lost one FLAT after its return, never shown FLAT before"
HOLE_S = (6.0, 12.0, 3.3)
NO_STOP_S = 240.0


class Venue:
    """One venue process, and how it is told what to do."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.emergency_venue", dialect], cwd=CHECKOUT, env=environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.url = self._heard()["url"]

    def _heard(self) -> dict[str, Any]:
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            raise AssertionError(f"the {self.dialect} venue has ended")
        found: dict[str, Any] = json.loads(line)
        return found

    def do(self, do: str, **more: Any) -> dict[str, Any]:
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.child.stdin.flush()
        return self._heard()

    def end(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
        self.child.wait(10)


@dataclass
class Stopped:
    """One stop. ms from its call; `clean`, `flat` by account as the stop said it, `zero` by the venue's books."""

    clean: dict[str, float]
    flat: dict[str, float]
    zero: dict[str, float]
    codes: dict[str, int]
    told: dict[str, dict[str, Any]]
    began: int
    evidence: Evidence
    leaving: Leaving

    @property
    def good(self) -> bool:
        """By the venues' own books."""
        return set(self.codes.values()) == {0} and not any(
            one["orders"] or any(one["held"]) for one in self.told.values()
        )  # fmt: skip


@contextmanager
def stage() -> Iterator[tuple[list[Venue], pathlib.Path]]:
    """Both venues and a state dir that names them."""
    with tempfile.TemporaryDirectory(prefix="pb-", ignore_cleanup_errors=True) as name:
        state = private_dir(pathlib.Path(name) / "s")
        venues: list[Venue] = []
        try:
            venues += [Venue(dialect) for dialect in DIALECTS]
            write_venues(state, [record_of(at) for at in venues])
            yield venues, state
        finally:
            for at in venues:
                at.end()


def record_of(at: Venue) -> VenueRecord:
    """As a core that traded the first instrument alone has left it: the rest the venue lists."""
    instrument = instruments_of(at.dialect)[0]
    traded = (traded_of(instrument, traits_of(at.dialect).symbol(instrument)),)
    return VenueRecord(at.dialect, "loopback", KeySource(), traded, 1, url=at.url)


def keys_of(record: VenueRecord) -> Mapping[str, str]:
    if record.name == "binance_usdm":
        return {"apiKey": KEY, "secret": SECRET}
    from core.venues.wire.hyperliquid.signature import address_of

    return {"privateKey": PRIVATE, "walletAddress": address_of(PRIVATE)}


def stop(
    venues: Sequence[Venue], state: pathlib.Path, trouble: Callable[[], object] = tuple, orders: int = ORDERS
) -> Stopped:
    """Fill both accounts, make `trouble`, and stop them."""
    for at in venues:
        filled = at.do("fill", orders=orders, positions=POSITIONS)
        assert filled["orders"] == orders and all(filled["held"]), filled
    clock = SystemClock()
    trouble()
    evidence = Evidence(clock, lambda text: None)
    leaving = Leaving()
    accounts = open_live(
        state, keys_of, clock, evidence.note, answers=evidence.answered, session=leaving.session
    )  # fmt: skip
    for account in accounts:
        account.q_ns = 0  # type: ignore[union-attr]
    stops = PanicAccounts("flatten", "account", "", True, clock, evidence)
    worker = threading.Thread(target=lambda: (stops.begin(accounts), stops.end()), daemon=True)  # type: ignore[func-returns-value]
    worker.start()
    worker.join(NO_STOP_S)
    if worker.is_alive():
        steps = "; ".join(step.text for step in evidence.steps[-6:])
        raise AssertionError(f"no end within {NO_STOP_S:g} s: {steps}")
    return _stopped(venues, evidence, leaving)


def _stopped(venues: Sequence[Venue], evidence: Evidence, leaving: Leaving) -> Stopped:
    clean: dict[str, float] = {}
    flat: dict[str, float] = {}
    for step in evidence.steps:
        name, _, text = step.text.partition(" loopback: ")
        if step.step == "orders" and text.startswith("0 orders"):
            clean.setdefault(name, step.ms)
        if step.step == "done":
            flat.setdefault(name, step.ms)
    told = {at.dialect: at.do("told") for at in venues}
    zero = {name: (one["last_order"] - evidence.started) / NS_PER_MS for name, one in told.items()}
    codes = {one.venue.partition(" ")[0]: one.code for one in evidence.outcomes}
    return Stopped(clean, flat, zero, codes, told, evidence.started, evidence, leaving)


def rows(folder: pathlib.Path, quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Six rows."""
    out: list[Row] = []
    with stage() as (venues, state):
        stop(venues, state)  # imports, connections of the pool, compiled kernels
        out += _quiet(venues, state, 30 if quick else 200, say)
        out.append(_storm(venues, state, STORM_SHORT, 6.0, 5 if quick else 25, say))
        out.append(_storm(venues, state, STORM, 1e9, 10 if quick else 20, say))
        out += _lost(venues, state, HOLE_S[:1] if quick else HOLE_S * 4, say)
    return out


def _quiet(venues: Sequence[Venue], state: pathlib.Path, n: int, say: Callable[[str], None]) -> list[Row]:
    found = []
    for _ in range(n):
        one = stop(venues, state)
        assert one.good, (one.codes, one.told)
        found.append(one)
    clean = [max(one.clean.values()) for one in found]
    flat = [max(one.flat.values()) for one in found]
    zero = [max(one.zero.values()) for one in found]
    asked = [sum(told["asked"] for told in one.told.values()) for one in found]
    say(f"quiet: clean {spread(clean, 0, ' ms')}, FLAT {spread(flat, 0, ' ms')}")
    note = (
        f"venues in processes of their own, the stop in a third; the last order left the venue's books after "
        f"{spread(zero, 0, ' ms')}; {quantile(asked, 0.5):.0f} requests"
    )
    return [
        judged(QUIET, "p99 <= 1 s", _tail(clean), quantile(clean, 0.99) <= 1_000.0, note),
        judged(QUIET_FLAT, "p99 <= 2 s", _tail(flat), quantile(flat, 0.99) <= 2_000.0),
    ]


def _storm(
    venues: Sequence[Venue], state: pathlib.Path, title: str, until_s: float, n: int, say: Callable[[str], None]
) -> Row:
    wanted = "FLAT p99 <= 10 s, 0 requests that left inside a Retry-After, 0 positions that grew"
    found = []

    def storm() -> None:
        for at in venues:
            at.do("storm", down_s=3.0, chance=0.5, until_s=until_s)

    for _ in range(n):
        try:
            one = stop(venues, state, storm)
        except AssertionError as error:
            return not_run(title, wanted, f"after {len(found)} of {n}: {error}")
        assert one.good, (one.codes, one.told)
        found.append(one)
        say(f"storm: {json.dumps(one.flat)}")
    flat = [max(one.flat.values()) for one in found]
    told = [told for one in found for told in one.told.values()]
    sums = {name: sum(one[name] for one in told) for name in ("inside", "grew", "refused", "asked")}
    early = [place for one in found for place in one.leaving.early]
    windows = [one.leaving.windows() for one in found]
    good = quantile(flat, 0.99) <= 10_000.0 and not early and not sums["grew"]
    measured = f"{_tail(flat)}; {len(early)} requests left inside a Retry-After, {sums['grew']} positions that grew"
    return judged(
        title, wanted, measured, good,
        f"{sums['refused']} refusals of {sums['asked']} requests; windows in a row at the slower venue: p50 "
        f"{quantile(windows, 0.5):.0f}, most {max(windows)}; {sums['inside']} requests had left before the refusal of "
        f"another was read, and arrived after it{'; ' if early else ''}{', '.join(early[:5])}",
    )  # fmt: skip


def _lost(
    venues: Sequence[Venue], state: pathlib.Path, holes: Sequence[float], say: Callable[[str], None]
) -> list[Row]:
    living, lost, early = [], [], 0
    for n, seconds in enumerate(holes):
        gone, other = (venues[0], venues[1]) if n % 2 else (venues[1], venues[0])
        back = 0

        def hole(gone: Venue = gone, seconds: float = seconds) -> None:
            nonlocal back
            back = gone.do("hole", seconds=seconds)["back"]

        one = stop(venues, state, hole)
        assert one.good, (one.codes, one.told)
        living.append(one.flat[other.dialect])
        after = one.flat[gone.dialect] - (back - one.began) / NS_PER_MS
        early += after < 0
        lost.append(after)
        say(f"{gone.dialect} gone for {seconds:g} s: other {living[-1]:.0f} ms, itself {after:.0f} ms after its return")
    return [
        judged(LOST, "<= 2 s", spread(living, 0, " ms"), max(living) <= 2_000.0, f"holes of {sorted(set(holes))} s"),
        judged(LOST_BACK, "<= 3 s", f"{spread(lost, 0, ' ms')}; shown before it: {early}",
               max(lost) <= 3_000.0 and not early),
    ]  # fmt: skip


def _tail(values: Sequence[float]) -> str:
    p50, p99 = quantile(values, 0.5), quantile(values, 0.99)
    return f"p50 {p50:,.0f} ms, p99 {p99:,.0f} ms (max {max(values):,.0f}, n {len(values)})"

"""Two venues that misbehave, in virtual time, round the real ledger, planner, gate and saga; the venues keep the truth.

Requests and reports are delayed, lost, refused, filled in part, raced by cancels; venues go down, take positions (ADL),
and the process dies and comes back with an older image of the saga and ledgers rebuilt from what the venues say.
"""

# ruff: noqa: C408  (rows of blocks read better as keywords)
from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from core.domain.order import (
    ACCEPTED,
    CANCEL,
    CANCEL_REJECTED,
    CANCELED,
    CREATE,
    DELEVERAGED,
    EXPIRED,
    FILLED,
    IOC,
    LIVE,
    LOST,
    PENDING_CANCEL,
    PENDING_NEW,
    POST_ONLY,
    REDUCE_ONLY,
    REJECTED,
    UNKNOWN,
    Ledger,
)
from core.domain.reasons import POST_ONLY_CROSS, REDUCE_ONLY_REJECTED, UNKNOWN_ORDER_ID
from core.domain.units import FAR, NS_PER_MS, sign_of
from core.execution.fills import is_seen
from core.execution.pair_saga import words as w
from core.execution.pair_saga.advance import advance
from core.execution.pair_saga.blocks import Saga, Wish, pair_params
from core.kernel import Kernels
from tests.unit.execution.desk import MID, T0
from tests.unit.execution.pair_saga.rig import Leg

EXPIRY = 400  # ms: a create older than this is refused at the door (R)
PROOF = 900  # ms after which absence is proof: R + skew + L
ANSWER = 250  # ms without an answer: LOST
TICK = 40
READ = 300  # ms between reads of the venue's truth
IDLE = 500
RESTING = (w.S0_FLAT, w.S1_ONE_LEG, w.S3_HEDGED, w.S4_LONG, w.S5_SHORT)
KINDS = ("down", "adl", "adl", "crash", "both")
BARE = (w.PAIRING, w.S2_LOCKING, w.S3_HEDGED, w.EXITING, w.ROLLBACK, w.CUTTING)


@dataclass
class Order:
    cl_id: int
    side: int
    left: int
    px: int
    tif: int
    flags: int
    sent: int
    number: int  # of the episode that sent it


@dataclass
class Venue:
    """The truth of one venue."""

    pos: int = 0
    orders: dict[int, Order] = field(default_factory=dict)
    trades: list[dict[str, int]] = field(default_factory=list)
    arrived: set[int] = field(default_factory=set)
    up: bool = True
    absent: set[int] = field(default_factory=set)  # not listed by the read before


@dataclass
class Faults:
    """Chances of a request or report; `quiet()` is a good day."""

    lose_request: float = 0.0
    lose_report: float = 0.0
    refuse: float = 0.0
    partial: float = 0.0
    nothing: float = 0.0
    slow: float = 0.0
    only_opens: bool = False  # reduce-only orders meet a good venue


class World:
    """`step` makes one event; `run` all until a time. Times ms since the start."""

    def __init__(self, seed: int, kernels: Kernels, **params: Any) -> None:
        self.rng = random.Random(seed)
        rng = self.rng
        coarse = rng.choice([(1, 1), (1, 1), (1, 5), (3, 1)])
        minima = rng.choice([(1, 1), (1, 1), (2, 3)])
        self.kernels = kernels
        self.legs = [Leg(kernels, n + 1, min_lots=minima[n]) for n in (0, 1)]
        self.venues = [Venue(), Venue()]
        self.saga, self.wish = Saga(), Wish()
        given = dict(
            passive_ns=rng.choice([0, 200, 600]) * NS_PER_MS, open_ns=1500 * NS_PER_MS, naked_ns=500 * NS_PER_MS,
            unlock_ns=2000 * NS_PER_MS, retry_ns=20 * NS_PER_MS, retry_max_ns=400 * NS_PER_MS,
            on_lock_fail=rng.choice([0, 0, 1]), down_ns=(400 * NS_PER_MS, 400 * NS_PER_MS),
        ) | params  # fmt: skip
        self.params = pair_params(coarse, **given)
        self.grains = coarse
        self.faults = Faults()
        self.ms = 0
        self.queue: list[tuple[int, int, bool, Callable[[], None]]] = []
        self.n = 0
        self.epoch = 0  # of the process: what was on its way to a dead one is lost
        self.mid = MID
        self.trade_id = 0
        self.strategy = True
        self.opened: dict[tuple[int, int], int] = {}  # (number of the episode, leg) -> lots
        self.untold: dict[tuple[int, int], int] = {}  # lots whose fill was never reported
        self.episode = 0  # as the saga counts them
        self.number = 0  # as we do: a stale image counts again
        self.planned: dict[tuple[int, int], int] = {}
        self.frozen: dict[tuple[int, int], int] = {}
        self.broken: list[str] = []
        self.images: list[bytes] = []
        self.naked_from = -1
        self.naked: list[int] = []
        self.down_ms = 0
        self.last_down = -10_000
        self.creates: Counter[int] = Counter()
        self.crashes = 0
        self.dead = False
        self.adls = 0
        self.seen_cells: Any = 0
        self.bind()
        self.every(TICK, self.tick)
        self.every(READ, self.read)

    # machinery -------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return T0 + self.ms * NS_PER_MS

    def bind(self) -> None:
        a, b = self.legs
        self.advance = self.kernels.bind(
            advance, self.saga, a.ledger, b.ledger, a.view, b.view, a.spec, b.spec, a.target, b.target, self.params,
            self.wish,
        )  # fmt: skip

    def at(self, ms: int, do: Callable[[], None], wire: bool = False) -> None:
        """`wire`: a request on its way, which outlives the process that sent it."""
        self.n += 1
        heapq.heappush(self.queue, (self.ms + max(0, ms), self.n, wire, do))

    def every(self, ms: int, do: Callable[[], None]) -> None:
        def again() -> None:
            do()
            self.at(ms if self.strategy else max(ms, 120), again)

        self.at(ms, again)

    def run(self, until: int) -> None:
        while self.queue and self.queue[0][0] <= until:
            self.ms, _, _, do = heapq.heappop(self.queue)
            do()
            if self.broken:
                return
        self.ms = until

    # our side --------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """New books from the venues that are up, trades that may take our resting orders, a decision."""
        self.mid += self.rng.randint(-8, 8)
        for n, venue in enumerate(self.venues):
            leg = self.legs[n]
            if venue.up:
                leg.book(self.now, self.mid + n, size=self.rng.choice([3, 8, 50]), levels=3)
                for order in list(venue.orders.values()):
                    if self.rng.random() < 0.3:
                        self.fill(n, order, self.rng.randint(1, order.left))
            else:
                self.last_down = self.ms
            leg.new_decision()
        if self.strategy:
            self.want()
        self.wake()

    def want(self) -> None:
        """A strategy of no mind: any wish, now and then."""
        s, rng = self.saga.s, self.rng
        if rng.random() > 0.15:
            return
        kinds = {
            w.S0_FLAT: [w.OPEN, w.PAIR, w.PAIR], w.OPENING: [w.LOCK, w.EXIT],
            w.S1_ONE_LEG: [w.LOCK, w.LOCK, w.CUT, w.EXIT],
            w.S3_HEDGED: [w.UNLOCK_SHORT, w.UNLOCK_LONG, w.CUT, w.EXIT], w.PAIRING: [w.EXIT], w.S2_LOCKING: [w.EXIT],
        }.get(s.state, [w.EXIT, w.LOCK, w.OPEN, w.CUT])  # fmt: skip
        if s.state in (w.PAIRING, w.S2_LOCKING, w.UNLOCK_A, w.UNLOCK_B) and rng.random() < 0.9:
            return
        v = self.wish.s
        v.id, v.kind = v.id + 1, rng.choice(kinds)
        v.side, v.first = rng.randint(0, 1), rng.randint(0, 1)
        v.lots = rng.randint(6, 40) if v.kind != w.CUT else rng.randint(1, 6)

    def wake(self) -> None:
        s = self.saga.s
        self.advance(self.now)
        if s.episode != self.episode:
            self.episode = s.episode
            self.number += 1
            first, lots = s.first, self.wish.s.lots
            self.planned[(self.number, first)] = lots + abs(s.pos[first])
            mirrored = lots * self.grains[first] // self.grains[1 - first]
            self.planned[(self.number, 1 - first)] = mirrored + abs(s.pos[1 - first])
        self.watch_naked()
        for n, leg in enumerate(self.legs):
            leg.plan(self.now)
            leg.gate(10_000.0, self.now)
            q = leg.requests.s
            for k in range(q.n):
                if q.code[k] == 0:
                    self.send(n, q, k)
        self.images.append(self.saga.image())
        del self.images[:-4]

    def send(self, n: int, q: Any, k: int) -> None:
        leg, kind, cl_id = self.legs[n], q.kind[k], q.cl_id[k]
        if kind == CREATE:
            self.creates[cl_id] += 1
            others = [i for i in leg.alive() if leg.ledger.s.cl_id[i] != cl_id]
            if others:
                self.broken.append(f"leg {n}: a create beside {len(others)} orders alive")
        lost = not self.venues[n].up or self.rng.random() < self.faults.lose_request
        order = Order(cl_id, q.side[k], q.qty[k], q.px[k], q.tif[k], q.flags[k], self.ms, self.number)
        if not lost:
            delay = self.rng.randint(1, 15) if self.rng.random() > self.faults.slow else self.rng.randint(50, 700)
            self.at(delay, lambda: self.arrive(n, kind, order), wire=True)
        epoch = self.epoch
        self.at(ANSWER, lambda: self.unanswered(n, cl_id, kind, order.sent, epoch))

    def unanswered(self, n: int, cl_id: int, kind: int, sent: int, epoch: int) -> None:
        """The driver's timeout: the fate is not known."""
        o = self.legs[n].ledger.s
        i = cl_id % 128
        pending = PENDING_NEW if kind == CREATE else PENDING_CANCEL
        if (
            epoch == self.epoch
            and o.cl_id[i] == cl_id
            and o.state[i] == pending
            and o.ts_sent[i] == T0 + sent * NS_PER_MS
        ):
            self.legs[n].report(self.now, {"kind": LOST, "cl_id": cl_id})
            self.wake()

    # the venues ------------------------------------------------------------------------------------------------------

    def say(self, n: int, **row: int) -> bool:
        """A report on its way to the process that is alive now; False = it never comes."""
        venue, epoch = self.venues[n], self.epoch
        if self.dead or not venue.up or self.rng.random() < self.faults.lose_report:
            return False

        def deliver() -> None:
            if epoch == self.epoch:
                self.legs[n].report(self.now, row)
                self.wake()

        self.at(self.rng.randint(1, 20), deliver)
        return True

    def arrive(self, n: int, kind: int, order: Order) -> None:
        venue, rng, cl_id = self.venues[n], self.rng, order.cl_id
        faults = Faults() if self.faults.only_opens and order.flags & REDUCE_ONLY else self.faults
        if not venue.up:
            return
        if kind == CANCEL:
            if venue.orders.pop(cl_id, None) is None:
                self.say(n, kind=CANCEL_REJECTED, cl_id=cl_id, code=UNKNOWN_ORDER_ID)
            else:
                self.say(n, kind=CANCELED, cl_id=cl_id, venue_id=cl_id)
            return
        if cl_id in venue.arrived:
            self.broken.append(f"leg {n}: {cl_id} came twice")
        venue.arrived.add(cl_id)
        if self.ms - order.sent > EXPIRY or rng.random() < faults.refuse:
            self.say(n, kind=REJECTED, cl_id=cl_id)
            return
        if order.flags & REDUCE_ONLY:
            order.left = min(order.left, max(0, -sign_of(order.side) * venue.pos))
            if order.left == 0:
                self.say(n, kind=REJECTED, cl_id=cl_id, code=REDUCE_ONLY_REJECTED)
                return
        if order.tif == POST_ONLY and rng.random() < 0.1 + faults.refuse:
            self.say(n, kind=REJECTED, cl_id=cl_id, code=POST_ONLY_CROSS)
            return
        self.say(n, kind=ACCEPTED, cl_id=cl_id, venue_id=cl_id, qty=order.left)
        venue.orders[cl_id] = order
        if order.tif == IOC:
            draw = rng.random()
            take = order.left
            if draw < faults.nothing:
                take = 0
            elif draw < faults.nothing + faults.partial:
                take = rng.randint(0, order.left)
            if take:
                self.fill(n, order, take)
            if venue.orders.pop(cl_id, None) is not None:
                self.say(n, kind=EXPIRED, cl_id=cl_id, venue_id=cl_id)

    def fill(self, n: int, order: Order, lots: int) -> None:
        venue = self.venues[n]
        if order.flags & REDUCE_ONLY:
            lots = min(lots, max(0, -sign_of(order.side) * venue.pos))
        if lots <= 0:
            return
        self.trade_id += 1
        venue.pos += sign_of(order.side) * lots
        order.left -= lots
        if order.left == 0:
            del venue.orders[order.cl_id]
        row = dict(kind=FILLED, cl_id=order.cl_id, venue_id=order.cl_id, side=order.side, px=order.px, qty=lots,
                   left=order.left, trade_id=self.trade_id)  # fmt: skip
        venue.trades.append(row)
        if not order.flags & REDUCE_ONLY:
            self.count_opened((order.number, n), lots)
        if not self.say(n, **row) and not order.flags & REDUCE_ONLY and not self.dead:
            key = (order.number, n)
            self.untold[key] = self.untold.get(key, 0) + lots

    def count_opened(self, key: tuple[int, int], lots: int) -> None:
        """No lot of an intent twice; none at all after the venue took from a hedged pair."""
        self.opened[key] = self.opened.get(key, 0) + lots
        if self.opened[key] > self.planned[key] + self.untold.get(key, 0):
            self.broken.append(f"leg {key[1]}: opened {self.opened[key]} of {self.planned[key]}")
        if key in self.frozen:
            self.broken.append(f"leg {key[1]}: opened {lots} after the venue took from it")

    def take_away(self, n: int) -> None:
        """ADL of any size."""
        venue = self.venues[n]
        if venue.pos == 0:
            return
        self.adls += 1
        lots = self.rng.randint(1, abs(venue.pos))
        side = 1 if venue.pos > 0 else 0
        venue.pos += sign_of(side) * lots
        self.trade_id += 1
        row = dict(kind=DELEVERAGED, side=side, px=self.mid, qty=lots, trade_id=self.trade_id)
        venue.trades.append(row)
        if self.saga.s.state == w.S3_HEDGED:
            for leg in (0, 1):
                self.frozen[(self.number, leg)] = 1
        self.say(n, **row)

    def read(self) -> None:
        """The cross-check: missed trades, what is listed, and absence twice told."""
        for n, (leg, venue) in enumerate(zip(self.legs, self.venues, strict=True)):
            if venue.up:
                self.read_one(n, leg, venue)
        self.wake()

    def read_one(self, n: int, leg: Leg, venue: Venue) -> None:
        o = leg.ledger.s
        missed = [row for row in venue.trades[-60:] if not is_seen(o, row["trade_id"])]
        for row in missed:
            leg.report(self.now, row)
        absent: set[int] = set()
        for i in leg.alive():
            cl_id, state = o.cl_id[i], o.state[i]
            order = venue.orders.get(cl_id)
            idle = (self.now - max(o.ts_sent[i], o.ts_ack[i])) // NS_PER_MS > IDLE
            if order is not None:
                if state == UNKNOWN:
                    leg.resolve_found(cl_id, cl_id, order.px, order.left, self.now)
                continue
            absent.add(cl_id)
            if cl_id not in venue.absent:
                continue
            if state == UNKNOWN:
                leg.resolve_absent(cl_id, self.now, PROOF * NS_PER_MS)
            elif state in (LIVE, PENDING_CANCEL) and idle:
                leg.report(self.now, {"kind": CANCELED, "cl_id": cl_id})
        venue.absent = absent
        for order in list(venue.orders.values()):
            if o.cl_id[order.cl_id % 128] != order.cl_id:
                leg.adopt_order(order.cl_id, order.cl_id, order.side, order.px, order.left, order.flags, self.now)

    # the bad day -----------------------------------------------------------------------------------------------------

    def go_down(self, n: int, ms: int) -> None:
        self.venues[n].up = False
        self.at(ms, lambda: self.come_up(n))

    def come_up(self, n: int) -> None:
        self.venues[n].up = True

    def crash(self) -> None:
        """SIGKILL, and a start with an image up to three wakes old once nothing sent can arrive any more."""
        self.epoch += 1
        image = self.rng.choice(self.images)
        keeps_ledger = self.rng.random() < 0.5
        self.strategy, before = False, self.strategy
        old = [leg.ledger for leg in self.legs]
        queue, self.queue = self.queue, []
        self.dead = True
        dead = self.ms + EXPIRY + 300
        later = []
        for entry in sorted(queue):
            if entry[0] <= dead and entry[2]:
                self.ms = max(self.ms, entry[0])
                entry[3]()
            else:
                later.append((max(dead, entry[0]), *entry[1:]))
        self.queue = later + self.queue
        heapq.heapify(self.queue)
        self.ms = max(self.ms, dead)
        self.crashes += 1
        self.dead = False
        self.saga.load(image)
        self.strategy = before
        for n, (leg, venue) in enumerate(zip(self.legs, self.venues, strict=True)):
            venue.absent = set()
            if keeps_ledger:
                leg.bind(old[n])
                for i in leg.alive():
                    leg.report(self.now, {"kind": LOST, "cl_id": leg.ledger.s.cl_id[i]})
            else:
                leg.bind(Ledger(next_seq=1000 + (n + 1) * 10**9 + self.crashes * 10**6))
                for row in venue.trades:
                    leg.mark_seen(row["trade_id"])
                leg.adopt_position(venue.pos, venue.pos * self.mid * 1000)
        for n, (leg, venue) in enumerate(zip(self.legs, self.venues, strict=True)):
            self.read_one(n, leg, venue)
        self.episode = self.saga.s.episode
        self.bind()
        self.wake()

    # what must hold --------------------------------------------------------------------------------------------------

    def watch_naked(self) -> None:
        """World time for which the true residual of a pair stood beyond a lot (an exit: beyond a slice), venues up."""
        s = self.saga.s
        net = abs(sum(v.pos * g for v, g in zip(self.venues, self.grains, strict=True)))
        quiet = self.ms - self.last_down > 600
        limit = max(*self.grains, s.dust)
        if s.state == w.EXITING or s.goal < FAR:
            limit += max(s.slice, *(leg.instrument.min_lots * g for leg, g in zip(self.legs, self.grains, strict=True)))
        if s.state in BARE and net > limit and quiet:
            if self.naked_from < 0:
                self.naked_from = self.ms
        elif self.naked_from >= 0:
            self.naked.append(self.ms - self.naked_from)
            self.naked_from = -1

    def verdict(self) -> list[str]:
        """What is wrong once everything had time to come to rest; empty = nothing."""
        wrong = list(self.broken)
        s = self.saga.s
        a, b = (v.pos for v in self.venues)
        name = w.STATE_NAMES[s.state]
        mins = [leg.instrument.min_lots for leg in self.legs]
        held = [a * s.sign[0], b * s.sign[1]]
        small = [abs(v.pos) < m for v, m in zip(self.venues, mins, strict=True)]
        if any(v.orders for v in self.venues):
            wrong.append(f"{name}: orders stand")
        if (a, b) != tuple(leg.ledger.s.pos for leg in self.legs):
            wrong.append(f"{name}: ledgers do not agree with the venues")
        if s.state not in RESTING:
            wrong.append(f"{name} is not a state of rest; stuck {w.STUCK_NAMES[s.stuck]!r} held {held}")
        if s.state == w.S0_FLAT and not all(small):
            wrong.append(f"{name} with {a}, {b}")
        if s.state == w.S3_HEDGED:
            net = abs(a * self.grains[0] + b * self.grains[1])
            least = max(m * g for m, g in zip(mins, self.grains, strict=True))
            if net > max(*self.grains, s.dust) or s.dust >= max(least, max(self.grains) + 1):
                wrong.append(f"{name} with {a}, {b}: net {net}, dust {s.dust}")
            if min(held) <= 0:
                wrong.append(f"{name} with {a}, {b}")
        if s.state in (w.S1_ONE_LEG, w.S4_LONG, w.S5_SHORT):
            lone = s.first if s.state == w.S1_ONE_LEG else int((s.sign[0] > 0) != (s.state == w.S4_LONG))
            if held[lone] <= 0 or not small[1 - lone]:
                wrong.append(f"{name} with {a}, {b}")
            if s.stop_px <= 0 or s.stop_leg != lone:
                wrong.append(f"{name} without its stop")
        if max(self.creates.values(), default=0) > 1:
            wrong.append("a client id was sent twice")
        return wrong


Event = tuple[int, str, int, int]  # ms, what, leg, for how long


def play(world: World, faults: Faults, events: list[Event], length: int, rest: int) -> World:
    """Faults of any kind for `length` ms, then nothing but good answers and no wishes for `rest` ms."""

    def happen(what: str, leg: int, ms: int) -> None:
        if what == "down":
            world.go_down(leg, ms)
        elif what == "both":
            world.go_down(0, ms)
            world.go_down(1, ms)
        elif what == "adl":
            world.take_away(leg)
        else:
            world.crash()

    for event in events:
        world.at(event[0], partial(happen, *event[1:]))
    world.faults = faults
    world.run(length)
    world.faults, world.strategy = Faults(), False
    world.run(length + rest)
    return world


def bad_day(seed: int, kernels: Kernels, length: int = 6000, rest: int = 9_000, **params: Any) -> World:
    """One seed: its own faults, wishes and accidents."""
    world = World(seed, kernels, **params)
    rng = world.rng
    faults = Faults(*(rng.choice([0.0, 0.0, 0.1, 0.3]) for _ in range(5)), rng.choice([0.0, 0.1, 0.3]))
    events = [
        (rng.randint(300, length), rng.choice(KINDS), rng.randint(0, 1), rng.choice([100, 500, 1500]))
        for _ in range(rng.randint(0, 4))
    ]
    return play(world, faults, events, length, rest)

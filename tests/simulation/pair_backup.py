"""A pair with a third venue behind it, whose venues can be made to fail as an exchange would."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec
from ruamel.yaml import YAML

from core.domain.events import Read, ReadReply, Step
from core.domain.order import CREATE, EXPIRED, FILLED, IOC, REDUCE_ONLY, Report, Request
from core.domain.pair import LONG, S0, S1, S3, S4, S5
from core.engine.pair_seat import PairSeat
from core.kernel import best_kernels
from tests.simulation.pair_config import lively
from tests.simulation.rig import Rig

BACKUP = {"venue": "standx", "symbol": "BTCUSD"}
THIRD = 2  # place, ledger and account of the backup
NEVER = 1 << 50  # a smallest notional that no order has


def with_backup(folder: pathlib.Path, backup: dict[str, str] | None = None, **changed: Any) -> pathlib.Path:
    """The lively pair with a third venue."""
    path = lively(folder, **changed)
    yaml = YAML(typ="safe")
    config = yaml.load(path.read_text(encoding="utf-8"))
    config["strategies"][0]["backup"] = backup or BACKUP
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(config, file)
    return path


class Faulty:
    """A simulated venue between which and us things go wrong, by place."""

    def __init__(self, venue: Any) -> None:
        self.venue, self.exchange, self.advance = venue, venue.exchange, venue.advance
        self.misses: set[int] = set()  # opening IOCs come too late for their price
        self.halves: set[int] = set()  # of opening IOCs only half gets through
        self.unheard: set[int] = set()  # a fill is told as an expiry; the account's own list has it

    def send(self, request: Request, now: int) -> int:
        opens = request.kind == CREATE and request.tif == IOC and not request.flags & REDUCE_ONLY
        if opens and request.instrument in self.misses:
            away = request.px // 300 * (1 if request.side else -1)  # inside the venue's price band
            request = msgspec.structs.replace(request, px=request.px + away)
        if opens and request.instrument in self.halves:
            request = msgspec.structs.replace(request, qty=request.qty // 2)
        sent: int = self.venue.send(request, now)
        return sent

    def drain(self, instrument: int) -> list[Report]:
        reports: list[Report] = self.venue.drain(instrument)
        if instrument not in self.unheard:
            return reports
        return [
            Report(r.instrument, EXPIRED, r.ts, r.cl_id, r.venue_id, r.side, r.px, 0, r.qty) if r.kind == FILLED else r
            for r in reports
        ]

    def read(self, read: Read, now: int) -> ReadReply:
        reply: ReadReply = self.venue.read(read, now)
        return reply

    def close(self) -> None:
        self.venue.close()


class BackupWalk:
    """Three venues, what they hold, and what the pair declares of it at each step."""

    def __init__(
        self, folder: pathlib.Path, seed: int, journal: pathlib.Path | None = None, start_s: float = 0.0,
        state_dir: pathlib.Path | None = None, **changed: Any,
    ) -> None:  # fmt: skip
        config = with_backup(folder, **changed)
        self.faults: Faulty = None  # type: ignore[assignment]

        def wrap(venue: Any) -> Any:
            self.faults = Faulty(venue)
            return self.faults

        self.rig = Rig(
            seed, config=config, kernels=best_kernels(), on_end="carry", journal=journal, wrap=wrap,
            state_dir=state_dir, start_s=start_s, epoch_s=start_s,
        )  # fmt: skip
        seat = self.rig.engine.seats[0]
        assert isinstance(seat, PairSeat)
        self.seat = seat
        self.stages: list[tuple[int, int]] = []  # stage and the leg that the backup plays
        self.rests: list[tuple[int, int, tuple[int, ...]]] = []  # the same with nothing at work, and what is held
        self._met = 0
        self.wrong: list[str] = []
        self.naked_ns = 0  # the longest
        self.rig.seen.each = self.look

    @property
    def held(self) -> tuple[int, ...]:
        """Lots at the venues themselves."""
        return tuple(account.s.pos[0] for account in self.rig.exchange.accounts)

    def refuse(self, place: int, on: bool = True) -> None:
        """The venue refuses every order that opens (its smallest notional is out of reach), or no more."""
        instrument = self.rig.engine.posts[place].instrument
        self.rig.exchange.markets[place].s.min_notional = NEVER if on else instrument.min_notional

    def look(self, step: Step) -> None:
        s, lineup = self.seat.saga.s, self.seat.lineup
        now = (s.stage, lineup.on_backup)
        if not self.stages or self.stages[-1] != now:
            self.stages.append(now)
        if not s.busy and (not self.rests or self.rests[-1][:2] != now):
            self.rests.append((*now, self.held))
        since = lineup.naked_since()
        self.naked_ns = max(self.naked_ns, step.moment.ts - since if since else 0)
        if s.busy or not self.rig.quiet() or any(post.ledger.s.n_live for post in self.seat.posts) or lineup.astray:
            return
        held = self.held
        idle = [lots for n, lots in enumerate(held) if n not in lineup.order]
        long, short = (held[n] for n in lineup.order)
        first = s.first == LONG
        signs = {S0: (0, 0), S1: (1, 0) if first else (0, -1), S3: (1, -1), S4: (1, 0), S5: (0, -1)}[s.stage]
        if ((long > 0) - (long < 0), (short > 0) - (short < 0)) != signs or any(idle):
            self.wrong.append(f"{step.seq}: S{s.stage} {lineup.order} holds {held}")

    def until(self, stage: int, seconds: float = 900.0) -> tuple[int, ...]:
        """Until the pair has rested in this stage after the stage that was last waited for; what was held there."""
        end = self.rig.t + seconds
        while True:
            for n in range(self._met, len(self.rests)):
                if self.rests[n][0] == stage:
                    self._met = n + 1
                    return self.rests[n][2]
            assert self.rig.t < end, f"no S{stage} in {seconds} s: {self.stages}"
            self.rig.to(self.rig.t + 0.25)

    def opened_at(self, place: int, after: int = 0) -> list[Request]:
        """Orders that open, decided after `after` ns."""
        return [r for r in self.rig.creates(after) if r.instrument == place and not r.flags & REDUCE_ONLY]

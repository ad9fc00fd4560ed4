"""What a pair was at, kept beside the journal, so that a restart resumes in the same cell (S1-43).

Two private files, replaced whole: the saga with wish and figures, written before an order that it sends may leave, and
the windows of past spreads once a minute. An image a few wakes old is safe: the saga trusts the ledgers over it.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from core.build.holdings import PASSING
from core.domain.errors import PerpError, Refused
from core.domain.ports import Clock
from core.domain.units import NS_PER_S
from core.engine.engine import Engine
from core.engine.pair_seat import PairSeat
from core.guard.private import open_private, replace_synced
from core.kernel import Block

FILE, WINDOWS = "pairs.bin", "pair_windows.bin"
CAP = 64 << 20  # bytes
SCHEMA = 1
WINDOW_NS = 60 * NS_PER_S
WINDOW_BYTES = 65_536  # a block larger than this is a window


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One block. `layout` names its fields and their types."""

    layout: str
    raw: bytes


class KeptPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pair: its name, the keys of its legs (long venue first), its blocks by name."""

    name: str
    legs: tuple[str, ...]
    blocks: dict[str, Image]
    lots: tuple[float, ...] = ()  # base coins in one lot of each leg, () = written before it was kept


class KeptPairs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of one account; `sign` names account and networks as in holdings."""

    sign: str
    pairs: tuple[KeptPair, ...]
    schema: int = SCHEMA


def layout_of(block: Block) -> str:
    """Changes when a field comes, goes, moves or changes its type."""
    return hashlib.sha256(repr(block.dtype.descr).encode()).hexdigest()[:16]


def image_of(seat: PairSeat, large: bool) -> KeptPair:
    """The seat now: its small blocks, or its windows."""
    found = {
        name: Image(layout_of(block), block.image())
        for name, block in seat.own_blocks().items()
        if (block.dtype.itemsize > WINDOW_BYTES) == large and not name.endswith(".params")
    }
    return KeptPair(seat.name, seat.strategy.instruments, found, lots_of(seat))


def lots_of(seat: PairSeat) -> tuple[float, ...]:
    return tuple(post.instrument.lot for post in seat.posts)


def restore(engine: Engine, kept: Sequence[KeptPair]) -> list[str]:
    """Load what fits; what to say of what does not."""
    said = []
    seats = {seat.name: seat for seat in engine.seats if isinstance(seat, PairSeat)}
    for pair in kept:
        seat = seats.get(pair.name)
        if seat is None or seat.strategy.instruments != pair.legs:
            said.append(f"the record of {pair.name} is of legs that this configuration does not have: not used")
            continue
        if pair.lots and pair.lots != lots_of(seat):
            said.append(f"the record of {pair.name} is in other lots: not used; a position is named, not touched")
            continue
        blocks = seat.own_blocks()
        fits = [blocks[n].dtype.itemsize == len(i.raw) and layout_of(blocks[n]) == i.layout
                for n, i in pair.blocks.items() if n in blocks]  # fmt: skip
        if len(fits) != len(pair.blocks) or not all(fits):
            said.append(f"the record of {pair.name} is of another version: not used; a position is named, not touched")
            continue
        for name, image in pair.blocks.items():
            blocks[name].load(image.raw)
    return said


def read_kept(state_dir: Path, sign: str) -> tuple[KeptPair, ...]:
    """What earlier runs on this account kept; () where there was none. Raises Refused for a file that is not private or
    cannot be read: then nobody knows what a half-open pair is, and a person must look."""
    return tuple(
        pair for name in (FILE, WINDOWS) for one in _records(state_dir / name) if one.sign == sign for pair in one.pairs
    )


def forget_pairs(state_dir: Path) -> None:
    """A new simulated account: what was held before is another world's."""
    for name in (FILE, WINDOWS):
        (state_dir / name).unlink(missing_ok=True)


def _records(path: Path) -> tuple[KeptPairs, ...]:
    """All accounts of a file. Raises Refused."""
    try:
        fd = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return ()
    with os.fdopen(fd, "rb") as file:
        raw = file.read(CAP + 1)
    try:
        found = msgspec.msgpack.decode(raw, type=tuple[KeptPairs, ...])
    except msgspec.DecodeError:
        found = ()
    if not found or any(one.schema != SCHEMA for one in found):
        raise Refused(
            f"{path}: Expected the record of our pairs, was unreadable. Look at both legs at the venues, "
            f"then move the file away; a position is then named and not touched"
        )
    return found


class PairKeeper:
    """Writes the files of one core. `alert(level, code, text)` where a disk refuses. Records of other accounts stay.

    Raises Refused as `read_kept` does.
    """

    def __init__(
        self, state_dir: Path, sign: str, engine: Engine, clock: Clock, alert: Callable[[str, str, str], None]
    ) -> None:  # fmt: skip
        self.state_dir, self.sign, self.clock, self.alert = state_dir, sign, clock, alert
        self.seats = [seat for seat in engine.seats if isinstance(seat, PairSeat)]
        self._others = {
            name: tuple(one for one in _records(state_dir / name) if one.sign != sign and PASSING not in one.sign)
            for name in (FILE, WINDOWS) if self.seats
        }  # fmt: skip
        self._lock = threading.Lock()
        self._images = 0  # taken
        self._on_disk = 0  # number of the newest one written
        self._written: tuple[object, ...] = ()
        self._window_at = 0

    def taken(self) -> Callable[[], None] | None:
        """What the saga is at now, if the disk does not have it: the call writes it, in whatever thread, and raises
        OSError or Refused. It must be done before what the saga sends may leave."""
        mark = tuple(mark_of(seat) for seat in self.seats)
        if mark == self._written:
            return None
        self._images += 1
        raw, number = self._encoded(FILE, large=False), self._images

        def write() -> None:
            with self._lock:
                if number > self._on_disk:
                    self._put(FILE, raw)
                    self._on_disk, self._written = number, mark

        return write

    def before_creates(self) -> None:
        """What the saga is at is on the disk. Raises OSError, Refused."""
        write = self.taken()
        if write is not None:
            write()

    def look(self) -> None:
        """After each turn: states that moved without an order, and once a minute the windows."""
        if not self.seats:
            return
        try:
            self.before_creates()
            now = self.clock.monotonic()
            if now - self._window_at >= WINDOW_NS:
                self._window_at = now
                self._put(WINDOWS, self._encoded(WINDOWS, large=True))
        except (PerpError, OSError) as error:
            self.alert("crit", "pairs_kept", f"the record of our pairs was not written: {error}")

    def close(self) -> None:
        """The last state, windows and all."""
        self._window_at = -WINDOW_NS
        self._written = ()
        self.look()

    def _encoded(self, name: str, large: bool) -> bytes:
        own = KeptPairs(self.sign, tuple(image_of(seat, large) for seat in self.seats))
        return msgspec.msgpack.encode((own, *self._others[name]))

    def _put(self, name: str, raw: bytes) -> None:
        replace_synced(self.state_dir / name, raw, f"{os.getpid():x}")


def mark_of(seat: PairSeat) -> tuple[int, ...]:
    """Changes with everything that a restart must know."""
    s = seat.saga.s
    return (s.state, s.episode, s.wish_id, *s.kid, *s.seen_buy, *s.seen_sell, *s.intent, *s.closed, *s.venue,
            s.goal, s.planned, s.dust, s.stop_px)  # fmt: skip

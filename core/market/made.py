"""Recordings made of recordings: a price tape on another instrument, a market shifted by a synthetic basis, a cut.

`Recording.made` says how, as plain values, and `reopened` makes the same again from the files: a journal needs no more.
Labels and names say it to operator and report.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from core import rng
from core.domain.book import F_BOOK, F_MARK, Feed
from core.domain.errors import DataError
from core.domain.instrument import Instrument
from core.domain.units import NS_PER_S
from core.market.barred import own_rows, reopened_bars
from core.market.bars import for_bars
from core.market.basis import BasisCharacter, BasisProcess
from core.market.merge import in_event_order
from core.market.receive import modelled
from core.market.recording import Recording, open_recording
from core.market.shifted import Floats, Ints, moved, settlements
from core.market.synthetic_pair import RateCharacter, VenueRates
from core.market.synthetic_price import BLOCK_NS


def as_tape(recording: Recording, to: Instrument, contract: float = 0.0) -> Recording:
    """The prices of a market that cannot be traded (spot, inverse) as those of the linear `to`, on its grid.

    contract: quote units a lot of an inverse market. Times stay as recorded.
    """
    native = recording.instrument
    label = f"price tape: {native.venue} {native.symbol} put on the grid of {to.venue} {to.symbol}, which is not it"
    return msgspec.structs.replace(
        recording,
        instrument=to,
        feed=moved(recording.feed, native, to, None, contract),
        name=f"{recording.name} as a price tape on {to.venue} {to.symbol}",
        labels=(*recording.labels, label),
        made={"how": "tape", "native": msgspec.to_builtins(native), "contract": contract},
    )


def with_basis(recording: Recording, to: Instrument, seed: int, character: BasisCharacter | None = None) -> Recording:
    """The same market at a second venue: prices shifted by a basis that is drawn from `seed`, on the grid of `to`.

    Books, trades and holes come at the recorded exchange times; the basis moves when a book does. Receive times are
    modelled by the feed latency of `to`, marks come every second with a funding rate of its own and its own calendar.
    """
    native, shape = recording.instrument, character or BasisCharacter()
    feed, kept = recording.feed, {}
    if recording.made and "bars" in recording.made:
        feed, to, kept = own_rows(feed), for_bars(to), {"bars": recording.made["bars"]}
    path = BasisProcess(shape, rng.stream(seed, f"basis/{to.venue}/{to.symbol}"))
    factor = _factor(feed, path)
    base = feed.kind != F_MARK
    shifted = _with_marks(_only(moved(feed, native, to, factor), base), feed, factor[base], native, to, seed)
    shifted = shifted._replace(ts_recv=modelled(shifted.ts_exch, to.feed, seed, f"basis/{to.venue}/{to.symbol}"))
    label = (
        f"synthetic: {to.venue} {to.symbol} is the recording of {native.venue} {native.symbol} shifted by an OU basis "
        f"with jumps (mean {shape.mean_bps:g}, sd {shape.sd_bps:g} bps, seed {seed}); its flow is that of the recording"
    )
    return msgspec.structs.replace(
        recording,
        instrument=to,
        feed=shifted,
        name=f"{recording.name} with OU basis as {to.venue} {to.symbol} (synthetic, seed {seed})",
        labels=(*recording.labels, label),
        first_ts=int(shifted.ts_exch[0]),
        last_ts=int(shifted.ts_exch[-1]),
        made={"how": "basis", "native": msgspec.to_builtins(native), "seed": seed, "character": list(shape), **kept},
    )


def cut(recording: Recording, start_ns: int, end_ns: int) -> Recording:
    """The rows with start_ns <= exchange time <= end_ns. Raises DataError when none is left."""
    feed = recording.feed
    a, b = (int(np.searchsorted(feed.ts_exch, *at)) for at in ((start_ns, "left"), (end_ns, "right")))
    if a >= b:
        raise DataError(f"Expected events of {recording.name} in the common interval, was none")
    if (a, b) == (0, len(feed.ts_exch)):
        return recording
    rows = slice(a, b)
    lost = (len(feed.ts_exch) - (b - a)) / len(feed.ts_exch)
    return msgspec.structs.replace(
        recording,
        feed=feed._replace(
            ts_exch=feed.ts_exch[rows], ts_recv=feed.ts_recv[rows], kind=feed.kind[rows], row=feed.row[rows]
        ),
        labels=(*recording.labels, f"cut to the interval that both venues cover: {lost:.0%} of its rows left out"),
        first_ts=int(feed.ts_exch[a]),
        last_ts=int(feed.ts_exch[b - 1]),
        made={**(recording.made or {}), "cut": [start_ns, end_ns]},
    )


def together(recordings: Sequence[Recording]) -> list[Recording]:
    """Recordings of one coin, each cut to the interval that all of them cover: before and after it one venue would have
    no price, or a frozen one. Those of a coin that no other has stay whole. Raises DataError when there is none."""
    coins: dict[str, list[Recording]] = {}
    for recording in recordings:
        coins.setdefault(recording.instrument.base, []).append(recording)
    out: list[Recording] = []
    for recording in recordings:
        group = coins[recording.instrument.base]
        if len(group) == 1:
            out.append(recording)
            continue
        start, end = max(one.first_ts for one in group), min(one.last_ts for one in group)
        if start >= end:
            early, late = (min(group, key=lambda one: one.last_ts), max(group, key=lambda one: one.first_ts))
            raise DataError(
                f"Expected recordings of one time, was {early.name} over before {late.name} begins", late.paths[0]
            )
        out.append(cut(recording, start, end))
    return out


def reopened(
    paths: Iterable[str | pathlib.Path],
    instrument: Instrument,
    cache_dir: str | pathlib.Path,
    seed: int = 0,
    made: Mapping[str, Any] | None = None,
) -> Recording:
    """What `Recording.made` describes, from its files again. Raises DataError as `open_recording`."""
    made = made or {}
    native = msgspec.convert(made["native"], Instrument) if "native" in made else instrument
    if "bars" in made:
        found = reopened_bars(paths, native, made["bars"], seed)
    else:
        found = open_recording(paths, native, cache_dir, seed)
    if made.get("how") == "tape":
        found = as_tape(found, instrument, made["contract"])
    elif made.get("how") == "basis":
        found = with_basis(found, instrument, made["seed"], BasisCharacter(*made["character"]))
    if "cut" in made:
        found = cut(found, *made["cut"])
    return found


def _factor(feed: Feed, path: BasisProcess) -> Floats:
    """One a row: 1 + basis, which moves with the books and holds in between."""
    is_book = feed.kind == F_BOOK
    if not is_book.any():
        raise DataError("Expected a book to shift by a basis, was none")
    ts = feed.ts_exch[is_book]
    basis = path.walk(np.diff(ts, prepend=ts[0]) / NS_PER_S)
    factor: Floats = 1.0 + 1e-4 * basis[np.maximum(np.cumsum(is_book) - 1, 0)]
    return factor


def _only(feed: Feed, keep: np.ndarray[Any, Any]) -> Feed:
    return feed._replace(
        ts_exch=feed.ts_exch[keep], ts_recv=feed.ts_recv[keep], kind=feed.kind[keep], row=feed.row[keep]
    )


def _with_marks(shifted: Feed, source: Feed, factor: Floats, native: Instrument, to: Instrument, seed: int) -> Feed:
    """Marks every second: the shifted mid; the index is the mid that was not shifted."""
    first, last = int(shifted.ts_exch[0]), int(shifted.ts_exch[-1])
    at = np.flatnonzero(shifted.kind == F_BOOK)
    seconds = np.arange(-(-int(shifted.ts_exch[at[0]]) // NS_PER_S) * NS_PER_S, last + 1, NS_PER_S)
    held = at[np.searchsorted(shifted.ts_exch[at], seconds, "right") - 1]
    mid = source.book_px[shifted.row[held], :, 0].sum(axis=1) * (0.5 * native.tick / to.tick)
    rates = VenueRates(
        to, rng.stream(seed, f"basis/{to.base}/funding"), rng.stream(seed, f"basis/{to.venue}/{to.symbol}/funding"),
        RateCharacter(),
    )  # fmt: skip
    drawn = np.array([rates.block() for _ in range((last - first) // BLOCK_NS + 1)], np.int64)
    marks: Ints = np.stack(
        [
            np.maximum(np.rint(mid * factor[held]), 1).astype(np.int64),
            np.maximum(np.rint(mid), 1).astype(np.int64),
            drawn[(seconds - first) // BLOCK_NS],
            settlements(seconds, to),
        ],
        axis=1,
    )
    exch = np.concatenate([shifted.ts_exch, seconds])
    kind = np.concatenate([shifted.kind, np.full(len(seconds), F_MARK, np.int64)])
    row = np.concatenate([shifted.row, len(shifted.small) + np.arange(len(seconds))])
    order = in_event_order(kind, exch)
    return shifted._replace(
        ts_exch=exch[order], ts_recv=exch[order], kind=kind[order], row=row[order],
        small=np.concatenate([shifted.small, marks]),
    )  # fmt: skip

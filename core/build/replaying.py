"""A journal again: the engine rebuilt from its header, fed the recorded moments, its requests compared byte for byte.

Nothing is sent and nothing is written. Memory is bounded by the window of feed rows, not by the journal.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from pydantic import ValidationError

from core.build.assemble import SCHEMAS, Place, cache_dir, engine_of
from core.build.holdings import Holding
from core.build.pairs_kept import KeptPair
from core.build.warm import ready
from core.config.load import Loaded
from core.config.settings import Settings
from core.domain.book import Feed
from core.domain.errors import DataError
from core.domain.events import Step
from core.domain.instrument import Instrument
from core.domain.ports import StepSink
from core.domain.units import MONEY
from core.engine.engine import Engine
from core.engine.journal import VERSION, Chunk, Frame, Header, Journal, read_frames
from core.exchange.window import Window, feed_of
from core.kernel import Kernels, best_kernels
from core.market.files import sha256_of
from core.market.made import reopened
from core.market.source import Source

PLAIN_BYTES = 4 << 20
Sinks = Callable[[Engine, Loaded, Header], Sequence[StepSink]]


@dataclass(frozen=True)
class Origin:
    """What an engine of this journal needs to know of its market; the part of a `Source` that `engine_of` reads."""

    instruments: tuple[Instrument, ...]
    start_ns: int


@dataclass
class Outcome:
    """What a replay found. `first` is None, or the first step that differs: seq, part, recorded, again."""

    frames: int = 0
    requests: int = 0
    refused: int = 0
    first: dict[str, Any] | None = None
    engine: Engine | None = None
    header: Header | None = None
    loaded: Loaded | None = None
    last_ts: int = 0


def loaded_of(header: Header) -> Loaded:
    """The configuration in force when the journal began. Raises DataError when it is no configuration of today."""
    config = header.config
    try:
        settings = Settings.model_validate_json(msgspec.json.encode(config))
        params, risks = [], []
        for strategy in config["strategies"]:
            schema = SCHEMAS[strategy["kind"]]
            params.append(schema.params.model_validate_json(msgspec.json.encode(strategy["params"])))
            risks.append(schema.risk.model_validate_json(msgspec.json.encode(strategy["risk"])))
    except (ValidationError, KeyError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": error.args, "msg": "unknown"}
        where = ".".join(map(str, first["loc"]))
        raise DataError(f"Expected a configuration that this version reads, was one it refuses at {where}") from error
    found = msgspec.convert(header.source["instruments"], list[Instrument])
    at = dict(zip(header.source["keys"], found, strict=True))
    traded = tuple(tuple(at[f"{venue}:{symbol}"] for venue, symbol in s.places) for s in settings.strategies)
    return Loaded(settings, tuple(params), tuple(risks), traded, "", {}, config, header.config_sha256)


def engine_again(header: Header, journal: Journal, kernels: Kernels) -> tuple[Engine, Loaded]:
    """The engine as it stood before the first moment of the journal."""
    if header.version != VERSION:
        raise DataError(f"Expected a journal of version {VERSION}, was {header.version}")
    loaded = loaded_of(header)
    source = header.source
    found = msgspec.convert(source["instruments"], list[Instrument])
    places = [Place(key, x) for key, x in zip(source["keys"], found, strict=True)]
    engine = engine_of(
        loaded, cast(Source, Origin(tuple(found), header.started)), places, journal, kernels,
        equity=round(loaded.settings.equity * MONEY), first_round=source.get("first_round", 1),
        epoch_ns=source.get("epoch_ns", header.started),
        own=msgspec.convert(source.get("own", []), list[Holding]), owners=source.get("owners", ()),
        pairs=msgspec.convert(source.get("pairs", []), list[KeptPair]),
    )  # fmt: skip
    return engine, loaded


def recordings_of(header: Header, journal: pathlib.Path) -> list[Feed]:
    """The feeds that the header names by sha256, found through the list beside the journal. Raises DataError."""
    side = journal.with_suffix(".paths")
    if not side.is_file():
        raise DataError("Expected the list of recordings beside the journal, was none; copy it with it", str(side))
    known: dict[str, str] = {}
    missing: list[str] = []
    for path in msgspec.json.decode(side.read_bytes(), type=list[str]):
        if pathlib.Path(path).is_file():
            known[sha256_of(pathlib.Path(path))] = path
        else:
            missing.append(path)
    found = msgspec.convert(header.source["instruments"], list[Instrument])
    made = header.source.get("made") or [None] * len(found)
    feeds = []
    for x, digests, how in zip(found, header.source["sha256s"], made, strict=True):
        for digest in digests:
            if digest not in known:
                name = missing[0] if missing else f"{x.symbol} (content changed, sha256 {digest[:12]})"
                text = f"Expected the recording of this journal, was none; put it back or edit {side.name}"
                raise DataError(text, name)
        paths = [known[digest] for digest in digests]
        cache = cache_dir(journal.resolve().parent.parent)
        feeds.append(reopened(paths, x, cache, header.source["seed"], how).feed)
    return feeds


def form_for(path: pathlib.Path) -> Kernels:
    """Compiled when that costs nothing or the journal is long enough to be worth the wait, else plain."""
    return best_kernels() if ready() or path.stat().st_size > PLAIN_BYTES else Kernels("plain")


def replay_into(path: pathlib.Path, sinks: Sinks, kernels: Kernels | None = None, compare: bool = True) -> Outcome:
    """Run the journal through a fresh engine and show each step to `sinks`. Stops at the first difference.

    Raises DataError for a file that is no journal, of another version, or whose recordings are missing.
    """
    out = Outcome()
    encoder = msgspec.msgpack.Encoder()
    engine: Engine | None = None
    watching: Sequence[StepSink] = ()
    windows: list[Window | None] = []
    seen: list[int] = []
    for frame in read_frames(path):
        if isinstance(frame, Header):
            engine, out.loaded = engine_again(frame, Journal(None), kernels or form_for(path))
            out.engine, out.header = engine, frame
            windows = [None] * len(frame.source["keys"])
            seen = [0] * len(windows)
            if frame.source["kind"] == "recording":  # all other rows stand in the journal
                for i, feed in enumerate(recordings_of(frame, path)):
                    show_rows(engine, windows, i, feed, 0, 0)
            watching = sinks(engine, out.loaded, frame)
        elif engine is None:
            raise DataError("Expected a header first, was another frame", str(path))
        elif isinstance(frame, Chunk):
            show_rows(engine, windows, frame.instrument, feed_of(frame.columns), frame.base, seen[frame.instrument])
        else:
            for piece in frame.moment.slices:
                seen[piece.instrument] = piece.last
            step = engine.process(frame.moment)
            out.frames += 1
            out.requests += len(step.requests)
            out.refused += len(step.refused)
            out.last_ts = frame.moment.ts
            if compare:
                out.first = difference(encoder, frame, step)
                if out.first is not None:
                    return out
            for sink in watching:
                sink.take(step)
    if engine is None:
        raise DataError("Expected a journal with a header, was an empty one", str(path))
    return out


def show_rows(engine: Engine, windows: list[Window | None], i: int, rows: Feed, base: int, seen: int) -> None:
    """More rows of one instrument; those before the absolute number `seen` are dropped."""
    window = windows[i]
    if window is None:
        window = windows[i] = Window(rows)
    else:
        if base != window.base + len(window):
            raise DataError(f"Expected rows from {window.base + len(window)} on, was {base}; the journal has a hole")
        window.extend(rows, seen - window.base)
        engine.bases[i] = window.base
    for post in engine.places.get(i, ()):
        post.bind_feed(window.feed)


def difference(encoder: msgspec.msgpack.Encoder, frame: Frame, step: Step) -> dict[str, Any] | None:
    for part in ("requests", "refused", "reads"):
        recorded, again = getattr(frame, part), getattr(step, part)
        if recorded != again or (recorded and encoder.encode(recorded) != encoder.encode(again)):
            return {
                "seq": frame.seq,
                "ts": frame.moment.ts,
                "part": part,
                "recorded": msgspec.to_builtins(recorded),
                "again": msgspec.to_builtins(again),
            }
    if frame.seq != step.seq:
        return {"seq": frame.seq, "ts": frame.moment.ts, "part": "seq", "recorded": frame.seq, "again": step.seq}
    return None


def counts(path: pathlib.Path) -> Outcome:
    """Frames, requests and refusals of a journal, without an engine."""
    out = Outcome()
    for frame in read_frames(path):
        if isinstance(frame, Frame):
            out.frames += 1
            out.requests += len(frame.requests)
            out.refused += len(frame.refused)
            out.last_ts = frame.moment.ts
        elif isinstance(frame, Header):
            out.header = frame
    if out.header is None:
        raise DataError("Expected a journal with a header, was an empty one", str(path))
    return out


def replay(path: pathlib.Path, verify: bool) -> dict[str, Any]:
    """`perpconsole replay`. ok false: the first difference is in `first`; without `verify` nothing is compared."""
    path = pathlib.Path(path)
    if not path.is_file():
        raise DataError("Expected a journal, found no such file", str(path))
    out = replay_into(path, lambda *_: ()) if verify else counts(path)
    body: dict[str, Any] = {
        "ok": out.first is None,
        "verified": verify,
        "frames": out.frames,
        "requests": out.requests,
        "refused": out.refused,
        "first": out.first,
    }
    told = f"{out.frames:,} steps, {out.requests:,} requests, {out.refused:,} refusals"
    if out.first is not None:
        f = out.first
        body["text"] = (
            f"{path.name}: step {f['seq']} differs in its {f['part']}\n"
            f"  recorded {f['recorded']}\n  again    {f['again']}"
        )
    else:
        body["text"] = f"{path.name}: {told}" + (", the same again" if verify else "; compare them with --verify")
    return body

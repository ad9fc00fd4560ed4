"""From a checked configuration to an engine with its strategies at their desks. Opens no file and starts nothing."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from core.build.holdings import Holding, in_lots_of
from core.build.pairs_kept import KeptPair, restore
from core.config.load import Loaded, Schema, load
from core.config.locate import profile_path
from core.domain.errors import ConfigError
from core.domain.events import Note
from core.domain.instrument import Instrument
from core.domain.units import MONEY
from core.engine.engine import Engine
from core.engine.journal import Journal
from core.engine.pair_seat import PairSeat
from core.engine.post import Post
from core.engine.seat import Seat
from core.execution.absence import RESOLVE_WAIT_NS
from core.execution.blocks import plan_params
from core.execution.ledger import first_seq
from core.kernel import Kernels
from core.market.source import Source
from core.risk.params import RiskParams, limits_of
from core.rounds.scheduler import Plan, Scheduler
from core.signals.blocks import new_view
from core.strategies.asmm.params import AsmmParams
from core.strategies.asmm.strategy import Asmm
from core.strategies.pair_lock.params import PairParams
from core.strategies.pair_lock.strategy import PairLock
from core.strategies.sdk import PairStrategy, Strategy

LIVE_GRACE_S = 900.0  # quotes are pulled after so long without an operator (CONSOLE.md 0)
SCHEMAS: dict[str, Schema] = {
    Asmm.kind: Schema(AsmmParams, RiskParams), PairLock.kind: Schema(PairParams, RiskParams),
}  # fmt: skip
STRATEGIES: dict[str, type[Any]] = {Asmm.kind: Asmm, PairLock.kind: PairLock}


def load_config(name: str | os.PathLike[str] | None, flags: Mapping[str, Any]) -> Loaded:
    """A profile by name or path with the environment and `flags` over it. Raises ConfigError."""
    return load(profile_path(name), SCHEMAS, os.environ, flags)


def strategies_of(loaded: Loaded) -> list[Strategy]:
    """One object a strategy of the config, not yet at a desk."""
    out: list[Strategy] = []
    for settings, params in zip(loaded.settings.strategies, loaded.params, strict=True):
        keys = tuple(f"{venue}:{symbol}" for venue, symbol in settings.places)
        out.append(STRATEGIES[settings.kind](settings.name, keys, params))
    return out


@dataclass(frozen=True)
class Place:
    """An instrument of the source and the key by which strategies name it."""

    key: str
    instrument: Instrument


def accounts_of(places: Sequence[Place]) -> list[int]:
    """The account of each place: one a venue, numbered as they come."""
    venues: list[str] = []
    for place in places:
        if place.instrument.venue not in venues:
            venues.append(place.instrument.venue)
    return [venues.index(place.instrument.venue) for place in places]


def rates_of(places: Sequence[Place]) -> list[int]:
    """Orders each account may send in 10 s: what its strictest instrument allows."""
    owners = accounts_of(places)
    return [
        min(place.instrument.orders_per_10s for place, owner in zip(places, owners, strict=True) if owner == k)
        for k in range(max(owners) + 1)
    ]


def engine_of(
    loaded: Loaded, source: Source, places: Sequence[Place], journal: Journal, kernels: Kernels, *,
    equity: int, first_round: int = 1, epoch_ns: int | None = None, own: Sequence[Holding] = (),
    owners: Sequence[int] = (), pairs: Sequence[KeptPair] = (),
) -> Engine:  # fmt: skip
    """The engine for this configuration on these instruments; `epoch_ns` sets where client ids begin.

    `equity` is what each venue account begins with, 1e-8 quote; `owners[i]` the account of place i (default: one for
    all). `own`: what earlier live runs held, `pairs`: what their pairs were at (what does not fit is said in
    `engine.first_notes`). In mode live the engine starts PAUSED, and with real money it wants the account's name
    before it quotes.
    """
    live = loaded.settings.mode == "live"
    money = live and any(place.instrument.network == "mainnet" for place in places)
    seats: list[Seat] = []
    number = 0
    seq = first_seq(source.start_ns if epoch_ns is None else epoch_ns)
    index = {place.key: n for n, place in enumerate(places)}
    owners = owners or [0] * len(places)
    for seat, (strategy, settings, risk) in enumerate(
        zip(strategies_of(loaded), loaded.settings.strategies, loaded.risks, strict=True)
    ):
        posts: list[Post] = []
        for n, key in enumerate(strategy.instruments):
            if key not in index:
                raise ConfigError(f"Expected a market for {key} of {settings.name}, found {', '.join(sorted(index))}")
            instrument = places[index[key]].instrument
            assert isinstance(risk, RiskParams)
            posts.append(
                Post(
                    number, seat, index[key], instrument, strategy.signal_params(n), limits_of(risk, instrument),
                    plan_params(instrument.orders_per_10s), new_view(own_in_book=live), seq,
                    budget=round((settings.budget or 0.0) * MONEY), account=owners[index[key]],
                )
            )  # fmt: skip
            posts[-1].grid = structs.replace(posts[-1].grid, dust_value=loaded.settings.dust_of(key))
            number += 1
        made = PairSeat(seat, strategy, posts) if isinstance(strategy, PairStrategy) else Seat(seat, strategy, posts)
        seats.append(made)
    rounds = loaded.settings.rounds
    machine = Scheduler(Plan.of(rounds.hours, rounds.count, rounds.on_round_end), first_round)
    grace = loaded.settings.console.unattended_grace_s
    if grace is None and live:
        grace = LIVE_GRACE_S
    words = {"arm_word": loaded.settings.account, "first_word": loaded.settings.account} if money else {}
    engine = Engine(
        seats, journal, machine, kernels, equity * (max(owners) + 1), start_paused=live,
        grace_ns=round((grace or 0.0) * 1e9), adopts=loaded.settings.mode == "paper", **words,
    )  # fmt: skip
    for check in engine.check.each:
        check.doubts = live
    _recall(engine, own, places, source.start_ns if epoch_ns is None else epoch_ns)
    engine.first_notes += [Note("warn", "pairs_kept", text) for text in restore(engine, pairs)]
    return engine


def _recall(engine: Engine, own: Sequence[Holding], places: Sequence[Place], epoch_ns: int) -> None:
    """Positions of our own earlier runs, the fills that are in them, and the orders that those may have left at the
    venue: the ledgers go on where those stood. A pair's saga keeps its own record of what it sent.

    An order of long ago counts as asked for R + skew + L before this start: nothing of it can arrive any more.
    """
    for holding in own:
        mine = [
            post for post in engine.posts if places[post.place].key == holding.key and post.number == holding.ledger
        ]
        for post in mine:
            holding = in_lots_of(holding, post.instrument.lot)
            post.adopt_position(holding.pos, holding.cost)
            for key in holding.seen:
                post.mark_seen(key)
            for o in () if isinstance(engine.seats[post.seat], PairSeat) else holding.orders:
                sent = min(max(o.ts_sent, epoch_ns - RESOLVE_WAIT_NS), epoch_ns)
                post.recall_order(o.cl_id, o.venue_id, o.side, o.px, o.qty, o.left, o.flags, sent)


def cache_dir(state_dir: pathlib.Path) -> pathlib.Path:
    """Where converted recordings are kept."""
    return state_dir / "recordings"

"""`perpconsole backtest`: recordings through engine and simulated exchange at full speed, with journal and reports."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import msgspec

from core.build.assemble import accounts_of, engine_of, load_config, rates_of
from core.build.holdings import Holding
from core.build.markets import Market, market_of
from core.build.observers import Observers
from core.build.pairs_kept import KeptPair
from core.clock import SystemClock, stamp, stopwatch
from core.config.load import Loaded
from core.control.launch import Launch
from core.domain.commands import Stop
from core.domain.events import Asked, Started
from core.domain.units import MONEY
from core.engine.journal import VERSION, Header, Journal
from core.engine.simulate import SimDriver
from core.exchange.exchange import QueueModel, SimExchange
from core.guard.private import private_dir
from core.kernel import Kernels, best_kernels
from core.kpi.markout import MAKER, ONE_SECOND
from core.venues.lanes import Open, WireGate
from core.venues.simulated import PlainVenue


def flags_of(launch: Launch) -> dict[str, Any]:
    """The options that override the config, by dotted key."""
    return {
        "rounds.hours": launch.round_hours,
        "rounds.count": launch.rounds,
        "rounds.on_round_end": launch.on_round_end or None,
        "seed": launch.seed,
        "telemetry.metrics_port": launch.metrics_port,
        "mode": "live" if launch.mode == "live" else None,
    }


def header_of(
    loaded: Loaded, market: Market, epoch: int, epoch_ns: int | None = None, first_round: int = 1,
    own: Sequence[Holding] = (), owners: Sequence[int] = (), pairs: Sequence[KeptPair] = (),
) -> Header:  # fmt: skip
    """First frame of a journal: what a replay needs to rebuild the engine."""
    source = dict(market.source.ref)
    source["instruments"] = [msgspec.to_builtins(place.instrument) for place in market.places]
    source["keys"] = [place.key for place in market.places]
    source["epoch_ns"] = market.source.start_ns if epoch_ns is None else epoch_ns
    source["first_round"] = first_round
    if any(owners):
        source["owners"] = list(owners)
    if own:
        source["own"] = msgspec.to_builtins(own)
    if pairs:
        source["pairs"] = msgspec.to_builtins(pairs)
    return Header(
        VERSION, loaded.effective, loaded.sha256, source, loaded.settings.mode.upper(), loaded.settings.seed, epoch,
        market.source.start_ns,
    )  # fmt: skip


def queue_of(loaded: Loaded) -> QueueModel:
    """The queue model of the config."""
    exchange = loaded.settings.exchange
    return QueueModel(model=exchange.queue, n=exchange.queue_power, reject_rate=exchange.reject_rate)


def simulate(
    loaded: Loaded, market: Market, journal: Journal, folder: pathlib.Path, kernels: Kernels
) -> tuple[SimDriver, Observers]:
    """Run the whole market. Returns the driver and the observers as they stand at the end."""
    equity = round(loaded.settings.equity * MONEY)
    owners = accounts_of(market.places)
    journal.append(header_of(loaded, market, 1, owners=owners))
    engine = engine_of(loaded, market.source, market.places, journal, kernels, equity=equity, owners=owners)
    instruments = [place.instrument for place in market.places]
    exchange = SimExchange(instruments, equity, loaded.settings.seed, kernels, queue_of(loaded), owners=owners)
    wire = WireGate(Open(), rates_of(market.places), owners=owners)
    observers = Observers(
        engine, wire, loaded, now=market.source.start_ns, folder=folder, logs=None, market=market.title,
        journal=journal.path.name if journal.path else "",
    )  # fmt: skip
    driver = SimDriver(engine, PlainVenue(exchange), market.source, wire, observers.sinks)
    driver.at_end = Asked(Stop(flatten=loaded.settings.rounds.on_round_end == "flatten", who="end of data"))
    driver.push(Started(loaded.sha256, loaded.settings.seed, "BACKTEST", 1))
    driver.run()
    return driver, observers


def backtest(launch: Launch) -> dict[str, Any]:
    """The result as plain values; `text` is for people."""
    loaded = load_config(launch.config, flags_of(launch))
    clock = SystemClock()
    now = clock.now()
    private_dir(launch.state_dir)
    market = market_of(loaded, launch.market, launch.state_dir, now)
    name = f"backtest-{stamp(now)}-{clock.monotonic() % 1_000_000:06d}"
    folder = private_dir(launch.report_dir) / name
    journals = private_dir(launch.state_dir / "journal")
    journal = Journal(journals / f"{name}.perpj")
    write_paths(journal, market)
    begun = stopwatch()
    driver, observers = simulate(loaded, market, journal, folder, best_kernels())
    wall_s = (stopwatch() - begun) / 1e9
    result = summary(driver, observers)
    result["journal_sha256"] = journal.sha256
    journal.close()
    result["journal"] = str(journal.path)
    result["reports"] = [str(path) for path in observers.rounds.written]
    result["wall_s"] = round(wall_s, 3)
    result["events_per_s"] = round(driver.events / wall_s)
    result["text"] = text_of(result)
    return result


def write_paths(journal: Journal, market: Market) -> None:
    """Beside the journal: where its recordings lay, so that a replay finds them (the journal names them by sha256)."""
    if journal.path is not None and market.paths:
        side = journal.path.with_suffix(".paths")
        side.write_bytes(msgspec.json.encode([str(pathlib.Path(path).resolve()) for path in market.paths]))


def summary(driver: SimDriver, observers: Observers) -> dict[str, Any]:
    """Figures of the run over all ledgers. Money in quote units, exact to 1e-8."""
    engine, measures = driver.engine, observers.measures
    facts = observers.rounds.facts
    money = [measures.money(i) for i in range(len(engine.posts))]
    orders = sum(sum(post.ledger.s.n_created) for post in engine.posts)
    fills = sum(sum(post.ledger.s.n_fills) for post in engine.posts)
    rejects: dict[str, int] = {}
    for one in facts:
        for reason, n in one.rejects.items():
            rejects[reason] = rejects.get(reason, 0) + n
    submitted = sum(side.submitted for quality in measures.scopes.total for side in quality.sides)
    filled = sum(side.filled for quality in measures.scopes.total for side in quality.sides)
    drawdowns = [one.performance.max_drawdown for one in facts if one.performance.max_drawdown is not None]
    extremes = [max(ledger.max_long, -ledger.max_short) for one in facts for ledger in one.ledgers]
    markout = measures.markouts[0].table[MAKER][ONE_SECOND]
    return {
        "ok": True,
        "events": driver.events,
        "steps": engine.seq,
        "orders": orders,
        "fills": fills,
        "maker_fills": sum(post.ledger.s.n_maker for post in engine.posts),
        "fees_usdc": sum(m.fees for m in money) / MONEY,
        "funding_usdc": sum(m.funding for m in money) / MONEY,
        "price_pnl_usdc": sum(m.price for m in money) / MONEY,
        "net_pnl_usdc": sum(m.net for m in money) / MONEY,
        "max_drawdown": min(drawdowns, default=None),
        "position_lots": engine.posts[0].ledger.s.pos,
        "max_abs_position": max(extremes, default=0),
        "fill_rate": filled / submitted if submitted else None,
        "markout_1s_bps": markout.mean,
        "rejects": dict(sorted(rejects.items())),
        "rounds": len(facts),
    }


def text_of(result: dict[str, Any]) -> str:
    """A few lines for a person."""
    rate = "--" if result["fill_rate"] is None else f"{result['fill_rate']:.2%}"
    markout = "--" if result["markout_1s_bps"] is None else f"{result['markout_1s_bps']:+.2f} bp"
    return "\n".join(
        [
            f"{result['events']:,} events in {result['wall_s']:.1f} s ({result['events_per_s']:,} a second)",
            f"net {result['net_pnl_usdc']:+.4f} = price {result['price_pnl_usdc']:+.4f} "
            f"- fees {result['fees_usdc']:+.4f} + funding {result['funding_usdc']:+.4f}",
            f"{result['orders']:,} orders, {result['fills']:,} fills ({result['maker_fills']:,} maker), "
            f"fill rate {rate}, markout 1 s {markout}",
            f"position at the end {result['position_lots']} lots, largest {result['max_abs_position']} lots",
            f"{result['rounds']} rounds; journal {result['journal']}",
            *[f"report {path}" for path in result["reports"]],
        ]
    )

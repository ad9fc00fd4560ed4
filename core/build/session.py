"""A paper core for the console and for `run --headless`: market, paper venue, engine, observers, pictures, metrics.

`run_core` refuses everything that can be refused before it returns the coroutine that trades.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from core import rng, tasks
from core.build.assemble import accounts_of, engine_of, load_config, rates_of
from core.build.backtest import flags_of, header_of, queue_of, write_paths
from core.build.markets import Market, market_of
from core.build.observers import Observers
from core.build.pairs_kept import PairKeeper, forget_pairs, read_kept
from core.build.standing import Standing, open_journal
from core.clock import SystemClock, stamp, stopwatch
from core.config.load import Loaded
from core.config.settings import Console
from core.control.answers import listed
from core.control.desk import Desk
from core.control.launch import Launch
from core.domain.errors import ConfigError
from core.domain.events import Read, Started
from core.domain.units import MONEY
from core.engine.paced import Pacer
from core.engine.simulate import SimDriver
from core.guard.memory import settle
from core.kernel import Kernels
from core.venues.paper import PaperVenue
from core.venues.paper_ledger import PaperLedger

DRAW_NS = 500_000_000
SYNC_NS, SYNC_BUDGET_NS = 100_000_000, 1_000_000_000  # of the journal
ASK_S = 5.0  # what a reader of the venue's own list waits for the core
PAPER = "paper"  # sign of a paper account's pairs: its venue is the ledger file beside them


def run_core(launch: Launch, desk: Desk) -> Callable[[], Coroutine[Any, Any, None]]:
    """Check everything, open the account and the journal; the coroutine factory runs until the core is stopped."""
    if launch.mode == "live":
        from core.build.live_core import run_live

        return run_live(launch, desk)
    return PaperCore(launch, desk).run


def last_marks(launch: Launch, loaded: Loaded) -> dict[str, float]:
    """Last marks of the paper account by `venue:symbol`: its market stood still while no process ran."""
    if not PaperLedger.exists(launch.state_dir):
        return {}
    ledger = PaperLedger(launch.state_dir)
    ledger.close()
    known = {(x.venue, x.symbol): n for n, x in enumerate(ledger.instruments)}
    out = {}
    for instrument in loaded.instruments:
        n = known.get((instrument.venue, instrument.symbol))
        if n is not None and ledger.mark(n) > 0:
            out[f"{instrument.venue}:{instrument.symbol}"] = instrument.price(ledger.mark(n))
    return out


def console_settings(launch: Launch) -> Console:
    """The `console:` section of the configuration in force. Raises ConfigError."""
    return load_config(launch.config, flags_of(launch)).settings.console


class PaperCore(Standing):
    """One paper core: owns its venue, engine and driver for the life of the process."""

    def __init__(self, launch: Launch, desk: Desk) -> None:
        clock, loaded = SystemClock(), load_config(launch.config, flags_of(launch))
        settings, now = loaded.settings, clock.now()
        if settings.mode != "paper":
            raise ConfigError("Expected --mode live with mode: live of the config, was --mode paper; live is an act")
        marks = {} if launch.fresh else last_marks(launch, loaded)
        speed = launch.speed if launch.speed is not None else settings.market.speed
        market: Market = market_of(loaded, launch.market, launch.state_dir, now, marks, speed)
        kernels = Kernels("plain")
        instruments = [place.instrument for place in market.places]
        equity, owners = round(settings.equity * MONEY), accounts_of(market.places)
        self.venue = PaperVenue(
            launch.state_dir, instruments, equity, settings.seed, kernels, queue_of(loaded), launch.fresh, owners
        )
        if launch.fresh:
            forget_pairs(launch.state_dir)
        pairs = read_kept(launch.state_dir, PAPER)
        session = f"{stamp(now)}-{rng.token()[:8]}"
        journal = open_journal(launch, f"paper-{session}")
        write_paths(journal, market)
        first, source = Observers.next_round(launch.report_dir), market.source
        epoch = max(now, source.start_ns)
        journal.append(header_of(loaded, market, 1, epoch, first, owners=owners, pairs=pairs))
        engine = engine_of(
            loaded, source, market.places, journal, kernels, equity=equity, first_round=first, epoch_ns=epoch,
            owners=owners, pairs=pairs,
        )  # fmt: skip
        super().__init__(
            launch, desk, loaded, market, engine, journal, clock, session, speed, rates_of(market.places), owners
        )
        self.pairs = PairKeeper(launch.state_dir, PAPER, engine, clock, self.alert)
        feed = self.market.feed
        self.driver: SimDriver = (feed.driver if feed is not None else SimDriver)(
            engine, self.venue, source, self.wire, self.sinks,
            write_ahead=self._write_ahead, on_sink_failure=self.sink_failed,
        )  # fmt: skip
        self.driver.timed = True
        if feed is not None:
            from core.build.venue_words import heard_of

            self.pictures.venues.fed(feed)
            self.observers.desk.heard = lambda: heard_of(feed.venues.values())
            feed.note = lambda level, code, text: self.observers.alerts.add(self.driver.now, level, code, text)
        self.observers.desk.queue = self.venue.exchange.queue_share
        self._synced = 0
        self._pacer: Pacer | None = None
        self.close_cut_off()

    def speed_to(self, speed: float) -> None:
        """Go on at another pace from here (pictures and demonstrations)."""
        self.speed = self.pictures.speed = speed
        if self._pacer is not None:
            self._pacer.pace(speed)

    async def run(self) -> None:
        """Trade until stopped. The desk's wake, pictures, metrics and store live exactly as long."""
        import asyncio

        loop = asyncio.get_running_loop()
        make = self.market.feed.pacer if self.market.feed is not None else Pacer
        pacer: Pacer = make(self.driver, self.speed, self.commands, self._turn)
        self._pacer = pacer

        def wake() -> None:
            loop.call_soon_threadsafe(pacer.wake.set)

        self.desk.connect(wake)
        self.desk.read_position = lambda _verify: asyncio.run_coroutine_threadsafe(self._listed(), loop).result(ASK_S)
        settings = self.loaded.settings
        self.driver.push(Started(self.loaded.sha256, settings.seed, settings.mode.upper(), 1))
        self.guard.resume_stop()
        for text in (*self.venue.notes, *self._said):
            self.observers.alerts.add(self.driver.now, "warn", "start", text)
        await self.store.start()
        settle()
        warming = tasks.spawn(self.warming.run(self.switch), "kernels", on_error=self.warm_failed)
        broken = False
        try:
            await pacer.run()
        except Exception as error:
            broken = True
            self.desk.gate.close(f"fault of the core: {type(error).__name__}: {error}"[:200], who="core")
            raise  # the core ends; the watch beside it starts `panic --halt-only`
        finally:
            warming.cancel()
            self.pairs.close()
            try:
                self.venue.close()
            except OSError:
                if not broken:  # else its file is what broke the core, and that is what is told
                    raise
            finally:
                await self.leave()

    async def _listed(self) -> dict[str, Any]:
        """What the venue itself lists, for `position --verify`."""
        now, x = self.driver.now, [place.instrument for place in self.market.places]
        symbols, owners = [one.symbol for one in x], self.venue.exchange.owners
        positions: list[dict[str, Any]] = []
        orders: list[dict[str, Any]] = []
        for k in range(len(self.venue.exchange.accounts)):
            held = self.venue.read(Read("positions", 0, account=k), now)
            alive = self.venue.read(Read("orders", 0, account=k), now)
            rows = listed(x[owners.index(k)].venue, symbols, held.positions, alive.orders)
            positions, orders = positions + rows["positions"], orders + rows["orders"]
        foreign = sum(not order["ours"] for order in orders)
        return {"source": "venue", "ts": now, "positions": positions, "orders": orders, "foreign_orders": foreign}

    def _write_ahead(self) -> None:
        """Frames of creates are on the disk before they leave. Faster than real time only ten times a second: the paper
        account's own file is the venue here, so a power loss takes both back together."""
        now = stopwatch()
        sync = self.speed <= 1.0 or now - self._synced > SYNC_NS
        self.journal.close_block(sync=sync)
        self.pairs.before_creates()
        if sync:
            self._synced = now
            if stopwatch() - now > SYNC_BUDGET_NS:
                self.guard.stop_by_disk(f"the journal took {(stopwatch() - now) / 1e9:.1f} s to reach the disk")

    def _turn(self, late_ns: int) -> None:
        self.journal.close_block()
        self.pairs.look()
        self.turn(late_ns)

"""The Hyperliquid dialect of a loopback venue: /info, /exchange and /ws in front of one exchange and one account.

Owns how requests and frames reach the parts of this package; what they mean lies there. Agents may sign, nobody else.
"""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from core.domain.errors import Refused
from core.domain.units import NS_PER_MS
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.faults import Rule
from core.venues.wire.hyperliquid.actions import Actions, named, type_of
from core.venues.wire.hyperliquid.connections import Connections
from core.venues.wire.hyperliquid.deadman import DeadMan
from core.venues.wire.hyperliquid.desk import Desk
from core.venues.wire.hyperliquid.feeds import Feeds
from core.venues.wire.hyperliquid.info import Info, Malformed
from core.venues.wire.hyperliquid.ledger import Ledger
from core.venues.wire.hyperliquid.limits import Limits, action_weight, info_weight, rows_weight
from core.venues.wire.hyperliquid.market import Coin
from core.venues.wire.hyperliquid.shapes import BROKEN
from core.venues.wire.hyperliquid.signature import MAINNET, TESTNET
from core.venues.wire.orders import Changed
from core.venues.wire.server import PAGES, VenueServer

Json = dict[str, Any]
UNREADABLE = "Failed to deserialize the JSON body into the target type"
BAND_PPM = 800_000  # "Order price cannot be more than 80% away from the reference price": the venue's own words


class Rules(msgspec.Struct, frozen=True):
    """What can be set. `dead_man_volume` USDC, `free_requests` and `weight_per_minute` 0 = no limit."""

    agents: tuple[str, ...] = ()
    testnet: bool = False
    dead_man_volume: int = 1_000_000
    weight_per_minute: int = 1_200
    free_requests: int = 10_000
    book_ms: int = 500
    own_in_book: bool = True
    spot_basis_bps: float = 2.0
    abstraction: str = "default"  # unifiedAccount: spot and perpetuals share a balance


class HyperliquidDialect:
    """`account` is the address that owns everything (0x + 40 hex). Raises Refused for one that is none."""

    name = "hyperliquid"

    def __init__(self, exchange: WireExchange, account: str, rules: Rules | None = None) -> None:
        rules = rules or Rules()
        for address in (account, *rules.agents):
            if len(address) != 42 or not address.startswith("0x"):
                raise Refused(f"Expected an address 0x + 40 hex digits, was {address!r}")
        self.exchange, self.rules = exchange, rules
        self.coins = [
            Coin(exchange, i, rules.spot_basis_bps, rules.own_in_book) for i in range(len(exchange.instruments))
        ]
        for spec in exchange.exchange.specs:
            spec.s.band_ppm = BAND_PPM
        agents = frozenset(agent.lower() for agent in rules.agents)
        self.ledger = Ledger(exchange, self.coins, account.lower())
        self.desk = Desk(exchange, self.ledger, self.coins)
        self.limits = Limits(rules.weight_per_minute, rules.free_requests)
        self.dead_man = DeadMan(self.desk, self.ledger, rules.dead_man_volume)
        self.info = Info(exchange, self.desk, self.limits, agents, rules.abstraction)
        source = TESTNET if rules.testnet else MAINNET
        self.actions = Actions(exchange, self.desk, self.dead_man, self.limits, agents, source)
        self.feeds = Feeds(self.info, rules.book_ms)
        self._server: VenueServer | None = None
        self.connections: Connections | None = None

    # the server's side -----------------------------------------------------------------------------------------------

    def routes(self, app: web.Application, server: VenueServer) -> None:
        self._server = server
        app.router.add_post("/info", self._info)
        app.router.add_post("/exchange", self._exchange)
        self.connections = Connections(self, server)
        app.router.add_get("/ws", self.connections.serve)
        app.router.add_get(f"{PAGES}/dialect", self._page)

    async def place(self, request: web.Request) -> str:
        """ "POST /info:clearinghouseState", "POST /exchange:order", "GET /ws"."""
        kind = type_of(request.path, await request.read()) if request.method == "POST" else ""
        return f"{request.method} {request.path}{':' if kind else ''}{kind}"

    def failure(self, status: int, code: int, text: str, retry_after: int) -> web.Response:
        """The venue's errors outside its protocol are plain text; 200 words an error inside it; 429 is `null`."""
        headers = {"Retry-After": str(retry_after)} if retry_after else None
        if status == 200:
            return web.json_response({"status": "err", "response": text}, headers=headers)
        body = "null" if status == 429 else text
        kind = "application/json" if status == 429 else "text/plain"
        return web.Response(status=status, text=body, content_type=kind, headers=headers)

    def on_event(self, event: Public | Changed) -> None:
        if isinstance(event, Public):
            self.coins[event.instrument].hear(event)
            self.feeds.hear(event)
            return
        self.ledger.hear(event)
        self.feeds.book_changed(event.instrument)
        if event.trade is not None and not event.trade.maker:
            coin = self.coins[event.instrument]
            coin.own_trade(event.trade)
            self.feeds.trades(coin, 1)

    def on_tick(self, now: int) -> None:
        self.dead_man.tick(now // NS_PER_MS)
        self.desk.fire_triggers()
        self.feeds.tick()
        if self.connections is not None:
            self.connections.tick(now // NS_PER_MS)

    def venue_fault(self, rule: Rule) -> None:
        """Faults of other venues (listen keys) have no meaning here."""

    def relisted(self, instrument: int) -> None:
        """Sizes are coins here, whatever is listed."""

    # requests --------------------------------------------------------------------------------------------------------

    async def _info(self, request: web.Request) -> web.Response:
        return self.query(await request.read())

    def query(self, body: bytes) -> web.Response:
        """The answer to a body of /info."""
        kind = type_of("/info", body)
        if not self.limits.spend(info_weight(kind), self.info.now_ms):
            return self.failure(429, 0, "", 0)
        try:
            query = msgspec.json.decode(body)
            if not isinstance(query, dict):
                raise Malformed
            answer = self.info.answer(query)
        except (*BROKEN, Malformed):
            return self.failure(422, 0, UNREADABLE, 0)
        if isinstance(answer, list):
            self.limits.spend(rows_weight(kind, len(answer)), self.info.now_ms, owed=True)
        return _json(answer)

    async def _exchange(self, request: web.Request) -> web.Response:
        return self.act(await request.read(), await self.place(request))

    def act(self, body: bytes, place: str) -> web.Response:
        """The answer to a body of /exchange; what it changed is on the streams before it returns."""
        _, items = named(body)
        if not self.limits.spend(action_weight(items), self.info.now_ms):
            return self.failure(429, 0, "", 0)
        try:
            answer = self.actions.answer(body, lambda: self.rule(place, ("partial_batch",)))
        except Malformed:
            return self.failure(422, 0, UNREADABLE, 0)
        self.feeds.flush()
        return _json(answer)

    def rule(self, place: str, kinds: tuple[str, ...]) -> Rule | None:
        """The fault of these kinds that fires here and now."""
        server = self._server
        return None if server is None else server.faults.at(place, server.clock.now(), kinds)

    async def _page(self, _request: web.Request) -> web.Response:
        """What the dialect refused, and the state of its dead-man's switch."""
        return _json(
            {"refused": self.actions.refused, "dead_man_ms": self.dead_man.at_ms, "fired": self.dead_man.fired}
        )


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")

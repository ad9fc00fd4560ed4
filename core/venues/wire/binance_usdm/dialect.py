"""The Binance USD-M dialect of a loopback venue: signed REST, streams and the order socket before one account.

Owns how requests and frames reach the parts of this package; what they mean lies there.
"""

from __future__ import annotations

import msgspec
from aiohttp import web

from core.domain.units import NS_PER_MS
from core.venues.wire.behind import Public, WireExchange
from core.venues.wire.binance_usdm.access import Access
from core.venues.wire.binance_usdm.account import AccountPages
from core.venues.wire.binance_usdm.algo import AlgoDesk
from core.venues.wire.binance_usdm.deadman import DeadMan
from core.venues.wire.binance_usdm.desk import Desk
from core.venues.wire.binance_usdm.feeds import Feeds
from core.venues.wire.binance_usdm.keys import ListenKeys
from core.venues.wire.binance_usdm.ledger import Ledger
from core.venues.wire.binance_usdm.limits import ORDERS, Limits, weight_of
from core.venues.wire.binance_usdm.market import Grid, Symbol
from core.venues.wire.binance_usdm.order_socket import OrderSocket
from core.venues.wire.binance_usdm.params import Params
from core.venues.wire.binance_usdm.public import depth_limit
from core.venues.wire.binance_usdm.refusals import Refusal
from core.venues.wire.binance_usdm.rest import Rest
from core.venues.wire.binance_usdm.sockets import Sockets
from core.venues.wire.faults import Rule
from core.venues.wire.orders import Changed
from core.venues.wire.server import PAGES, VenueServer

HOSTS = ("fapi.binance.com", "fstream.binance.com", "ws-fapi.binance.com", "api.binance.com")


class Rules(msgspec.Struct, frozen=True):
    """What can be set; a limit of 0 = none. `withdraws`: what the key's restrictions say."""

    weight_per_minute: int = 2_400
    orders_per_10s: int = 300
    orders_per_minute: int = 1_200
    own_in_book: bool = True
    withdraws: bool = False


class BinanceUsdmDialect:
    """`key` and `secret` own the account."""

    name = "binance_usdm"

    def __init__(self, exchange: WireExchange, key: str, secret: str, rules: Rules | None = None) -> None:
        rules = rules or Rules()
        self.exchange, self.rules = exchange, rules
        self.symbols = [Symbol(exchange, i, rules.own_in_book) for i in range(len(exchange.instruments))]
        self.access = Access(key, secret, rules.withdraws)
        self.ledger = Ledger(exchange, self.symbols)
        self.desk = Desk(exchange, self.ledger, self.symbols)
        self.algo = AlgoDesk(self.desk)
        self.dead_man = DeadMan(self.desk)
        self.keys = ListenKeys()
        self.limits = Limits(rules.weight_per_minute, rules.orders_per_10s, rules.orders_per_minute)
        self.feeds = Feeds(exchange, self.symbols)
        self._pages = AccountPages(exchange, self.desk, self.symbols)
        self.rest = Rest(
            self.access, self.desk, self.algo, self._pages, self.dead_man, self.keys, self.limits,
            lambda place: self.rule(place, ("partial_batch",)),
        )  # fmt: skip
        self._server: VenueServer | None = None

    # the server's side -----------------------------------------------------------------------------------------------

    def routes(self, app: web.Application, server: VenueServer) -> None:
        self._server = server
        for name in self.rest.routes:
            method, _, path = name.partition(" ")
            if method == "GET":
                app.router.add_get(path, self._serve, allow_head=False)
            else:
                app.router.add_route(method, path, self._serve)
        app.router.add_get("/ws-fapi/v1", OrderSocket(self, server).serve)
        Sockets(self, server).routes(app)
        app.router.add_get(f"{PAGES}/dialect", self._page)

    async def place(self, request: web.Request) -> str:
        """ "POST /fapi/v1/order"; a private stream's key is left out."""
        return f"{request.method} {request.path}"

    def failure(self, status: int, code: int, text: str, retry_after: int) -> web.Response:
        """With a code the venue's own form, without one the page of a gateway."""
        headers = {"Retry-After": str(retry_after)} if retry_after else None
        if code:
            body = msgspec.json.encode({"code": code, "msg": text})
            return web.Response(status=status, body=body, content_type="application/json", headers=headers)
        page = f"<html><head><title>{status}</title></head><body>{text}</body></html>"
        return web.Response(status=status, text=page, content_type="text/html", headers=headers)

    def on_event(self, event: Public | Changed) -> None:
        if isinstance(event, Public):
            symbol = self.symbols[event.instrument]
            symbol.hear(event)
            self.feeds.hear(event, symbol)
            return
        self.ledger.hear(event)
        if event.trade is not None and not event.trade.maker:
            symbol = self.symbols[event.instrument]
            symbol.own_trade(event.trade)
            self.feeds.trade(symbol)

    def on_tick(self, now: int) -> None:
        if self.keys.key and now >= self.keys.until:
            self._expire()
        self.dead_man.tick(now)
        self.algo.fire()
        self.feeds.tick()
        self.flush()

    def flush(self) -> None:
        """Account news to the private streams."""
        news, self.ledger.news = self.ledger.news, []
        news += self._pages.configured_news(self.exchange.now() // NS_PER_MS)
        if self.keys.alive(self.keys.key, self.exchange.now()):
            self.feeds.tell_private(news, self.keys.key)

    def venue_fault(self, rule: Rule) -> None:
        if rule.do == "listen_key_expired":
            self._expire()

    def relisted(self, instrument: int) -> None:
        """Sizes on the wire are contracts from now on."""
        symbol = self.symbols[instrument]
        symbol.grid = Grid(symbol.instrument, self.exchange.shown[instrument].contract)

    def _expire(self) -> None:
        ended = self.keys.end()
        if ended:
            self.feeds.expire(ended)

    # requests --------------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.Response:
        place, now = f"{request.method} {request.path}", self.exchange.now()
        try:
            params = Params.of(request.rel_url.raw_query_string, (await request.read()).decode("utf-8", "replace"))
            limit = depth_limit(params) if place.endswith("/depth") else 0
            status, wait = self.limits.spend(weight_of(place, "symbol" in params.values, limit), now)
            if status:
                response = self.failure(status, -1003, self.limits.words(status, wait, now), wait)
            else:
                answer = self.rest.answer(place, request.headers.get("X-MBX-APIKEY"), params)
                response = web.Response(body=msgspec.json.encode(answer), content_type="application/json")
        except Refusal as no:
            response = self.failure(no.status, no.code, no.text, 0)
        response.headers.update(self.limits.headers(now, place in ORDERS))
        self.flush()
        return response

    def rule(self, place: str, kinds: tuple[str, ...]) -> Rule | None:
        """The fault of these kinds that fires here and now."""
        server = self._server
        return None if server is None else server.faults.at(place, server.clock.now(), kinds)

    async def _page(self, _request: web.Request) -> web.Response:
        """What the dialect refused, and the state of its dead-man's switch."""
        told = {
            "refused": {str(code): n for code, n in self.access.refused.items()},
            "dead_man": {self.symbols[i].name: at for i, at in self.dead_man.until.items()},
            "beats": self.dead_man.beats, "fired": self.dead_man.fired,
        }  # fmt: skip
        return web.Response(body=msgspec.json.encode(told), content_type="application/json")

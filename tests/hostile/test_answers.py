"""Hostile REST answers to every question that orders and positions are read from: the truth or an error, never "flat".

Answers are recorded from a loopback venue, spoilt in one to three places, and read through ccxt by the same adapter
(`Reader`) and by the whole-account client of stops (`Account`). Nothing is adopted from garbage (R-B4, R-N3).
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from core.clock import SystemClock
from core.domain.events import Read, ReadReply
from core.venues.ccxt.account import Account
from core.venues.ccxt.instances import Access
from core.venues.ccxt.roster import Roster
from tests.hostile.far_end import FarEnd
from tests.hostile.mutate import NO_FIGURES, Mutations, places, put
from tests.hostile.tape import Tape, record, replayed
from tests.venues.ccxt.fault_hall import BOTH, Hall

ROUNDS = 700  # of each question and dialect
SHAPES = (
    "", " ", "{}", "null", "true", "0", '""', '"ok"', "[null]", "[[]]", "[0]", '["x"]', "[{}]", '{"data":[]}',
    "NaN", "{",
    "[", "<html><body>502</body></html>", "[" * 5_000, '{"code":200}', '{"msg":null}', '[{"symbol":null}]',
    '{"status":"ok"}',
    "\x00", "\ufeff[]", "[]]", '{"marginSummary":{"accountValue":"5"},"assetPositions":null}',
    '{"marginSummary":{"accountValue":"5"}}', '{"marginSummary":{"accountValue":"5"},"assetPositions":{}}',
    '{"assets":[]}', '{"assets":{},"positions":[]}', '{"marginSummary":{},"assetPositions":[]}',
)  # fmt: skip
SIGNED = ("positionAmt", "szi", "walletBalance", "accountValue", "unrealizedPnl")  # below zero is a figure there
NO_AMOUNTS = (*(value for value in NO_FIGURES if value not in ("-5", -5)), ...)
NO_NAMES = (None, "", " ", "\x00", "\x1b[2J", "a b", "\u202eX", "X" * 400, 5, 1.5, True, [], {}, [None], ["BTC"], ...)
# what the truth hangs on, by question; everything else may be anything
FIELDS = {
    "binance_usdm": {
        "orders": ("GET /fapi/v1/openOrders", {"symbol", "orderId", "side", "price", "origQty", "executedQty",
    "status"}),
        "positions": ("GET /fapi/v3/positionRisk", {"symbol", "positionAmt", "entryPrice"}),
        "trades": ("GET /fapi/v1/userTrades", {"orderId", "side", "price", "qty", "time", "id"}),
        "balance": ("GET /fapi/v3/account", {"walletBalance"}),
    },
    "hyperliquid": {
        "orders": ("POST /info frontendOpenOrders", {"coin", "side", "limitPx", "sz", "oid", "origSz"}),
        "positions": ("POST /info clearinghouseState", {"coin", "szi", "entryPx", "position"}),
        "trades": ("POST /info userFillsByTime", {"coin", "side", "px", "sz", "oid", "tid", "time"}),
        "balance": ("POST /info clearinghouseState", {"accountValue", "marginSummary", "unrealizedPnl"}),
    },
}  # fmt: skip


def told(reply: ReadReply) -> Any:
    """What a reply says, without its time."""
    return reply.orders, reply.positions, reply.trades, reply.balance


def left_aside(reader: Any, truth: ReadReply, reply: ReadReply) -> bool:
    """Trades that could not be read are named, absence proves nothing then, and the others are as they were."""
    missing = set(truth.trades) - set(reply.trades)
    named = {number for _, number in reader.unread.rows}
    return bool(missing) and not reply.proof and set(reply.trades) < set(truth.trades) and len(named) >= len(missing)


def garbage(text: str, wanted: set[str], dice: random.Random) -> tuple[str, str]:
    """One to three of the wanted fields hold no figure and no name, or are gone; or the shape is another."""
    if dice.random() < 0.15:
        shape = dice.choice(SHAPES)
        return shape, f"shape {shape[:30]!r}"
    message, done = json.loads(text), []
    for _ in range(dice.randint(1, 3)):
        found = [path for path in places(message) if path[-1] in wanted]
        if not found:
            break
        path = dice.choice(found)
        value = dice.choice(
            NO_NAMES if path[-1] in ("symbol", "coin") else NO_AMOUNTS if path[-1] in SIGNED else NO_FIGURES
        )
        put(message, path, value)
        done.append(f"{path}={'gone' if value is ... else ascii(value)[:30]}")
    return json.dumps(message), "; ".join(done)


@BOTH
@pytest.mark.row("R-N3")
@pytest.mark.row("R-B4")
@pytest.mark.slow
async def test_garbage_in_an_answer_is_an_error_and_never_none_nor_another_figure(hall: Hall, seed: int) -> None:
    """Each question, each wanted field, alone and together. A field that is a plain number in another spelling of JSON
    (a string for a number) is still the truth."""
    tape = await record(hall)
    dice, wrong, errors, aside = random.Random(seed), [], 0, 0
    spoilt: dict[str, str] = {}
    end = FarEnd(lambda m, p, b: _answer(tape, spoilt, m, p, b))
    async with replayed(tape, answer=end.answer, listen=False) as (venue, _):
        for what, (where, wanted) in FIELDS[hall.name].items():
            for n in range(ROUNDS):
                spoilt.clear()
                venue.reader._newest_ns = venue.reader.since_ns
                truth = await venue.read(Read(what, n))
                assert not truth.error, truth.error
                assert any(told(truth)), "a truth that is not empty"
                spoilt[where], done = garbage(tape.answers[where][1], wanted, dice)
                venue.reader._newest_ns = venue.reader.since_ns
                venue.reader.unread.rows.clear()
                reply = await venue.read(Read(what, n))
                if reply.error:
                    errors += 1
                    assert told(reply) == ((), (), (), 0)
                elif left_aside(venue.reader, truth, reply):
                    aside += 1
                elif told(reply) != told(truth):
                    wrong.append(f"{what}: {done} -> {told(reply)}")
    print(f"{hall.name}: {4 * ROUNDS} answers, {errors} errors, {aside} with rows aside, others as before")
    assert not wrong, "\n".join(wrong[:20])
    assert errors > 3 * ROUNDS
    assert not [asked for asked in end.asked if asked[0] != "GET" and "order" in asked[1]]


def _answer(tape: Tape, spoilt: dict[str, str], method: str, path: str, body: bytes) -> tuple[int, str]:
    from tests.hostile.tape import place

    where = place(method, path, body)
    return (200, spoilt[where]) if where in spoilt else tape.answer(method, path, body)


@BOTH
@pytest.mark.row("R-E5")
@pytest.mark.row("R-N3")
@pytest.mark.slow
async def test_a_stop_never_reads_flat_out_of_garbage(hall: Hall, seed: int) -> None:
    """The client of `panic` and the watchdog: it raises what it can word, or says what stands."""
    tape = await record(hall)
    dice, wrong, refused = random.Random(seed), [], 0
    spoilt: dict[str, str] = {}
    end = FarEnd(lambda m, p, b: _answer(tape, spoilt, m, p, b))
    access = Access("loopback", hall.keys, hall.traits().addresses("http://127.0.0.1:1"), end.session)
    roster, x = Roster(), hall.instrument
    roster.add(hall.traits().symbol(x), x.symbol, x.tick, x.lot)

    async def load(exchange: Any) -> None:
        await exchange.load_markets()

    account = Account(hall.traits(), access, roster, SystemClock(), lambda *_: None, load, True)
    try:
        for what in ("orders", "positions"):
            where, wanted = FIELDS[hall.name][what]
            ask = account.orders if what == "orders" else account.positions
            truth = len(await ask())  # type: ignore[operator]
            assert truth
            for _ in range(ROUNDS):
                spoilt[where], done = garbage(tape.answers[where][1], wanted, dice)
                try:
                    found = await ask()  # type: ignore[operator]
                except Exception as error:
                    refused += bool(account.error_text(error))
                    continue
                if len(found) != truth:
                    wrong.append(f"{what}: {done} -> {found}")
            spoilt.clear()
    finally:
        await account.close()
    assert not wrong, "\n".join(wrong[:20])
    assert refused > ROUNDS


@BOTH
@pytest.mark.row("R-N3")
async def test_a_wallet_above_a_third_of_a_million_is_read(hall: Hall) -> None:
    """An amount of money is no size in lots: it was refused above 351,843."""
    traits = hall.traits()
    if hall.name == "binance_usdm":
        answer: Any = {"info": {"assets": [{"asset": "USDC", "walletBalance": "5000000.25"}]}}
    else:
        answer = {"info": {"assetPositions": [], "marginSummary": {"accountValue": "5000000.25"}}}
    assert traits.wallet(answer, "USDC") == 500_000_025_000_000


def test_mutations_repeat_from_their_seed() -> None:
    text = '{"a": [1, "2", {"b": "3.5"}], "c": null}'
    once = [Mutations(5).frame(text) for _ in range(3)]
    assert once == [Mutations(5).frame(text) for _ in range(3)]

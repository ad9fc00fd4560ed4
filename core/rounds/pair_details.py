"""Sections of the report on pairs: state, legs, where the money came from, episodes, funding. Facts in, lines out."""

from __future__ import annotations

from core.domain.pair import STATE_NAMES
from core.kpi.episodes import Episode
from core.kpi.pair import PairMoney
from core.kpi.settlements import Settlement, Upcoming
from core.rounds.facts import LedgerFacts, PairFacts, RoundFacts
from core.rounds.figures import UNKNOWN, duration, exact, money, number, percent, price, size, when
from core.rounds.markdown import esc, table
from core.rounds.pair_clock import clock_lines

SHOWN_EPISODES, SHOWN_PAYMENTS = 40, 60
NS_PER_HOUR = 3_600_000_000_000
HOURS_A_YEAR = 8760
LEG_NAMES = ("long venue", "short venue", "backup venue")


def sections(facts: RoundFacts) -> list[tuple[str, list[str]]]:
    """One section a pair; none in a round without."""
    return [(f"Pair {esc(pair.name)}", pair_section(facts, pair)) for pair in facts.pairs]


def market_warning(facts: RoundFacts) -> list[str]:
    """Said first of all where prices, or the basis between the venues, are a model's or another market's."""
    market, shown = facts.run.market.lower(), esc(facts.run.market)
    if facts.pairs and "synthetic" in market:
        return [f"**The market was synthetic** ({shown}): a model made its prices or the basis between the venues, so "
                "this says how the strategy works, not what it earns."]  # fmt: skip
    if facts.pairs and "price tape" in market:
        return [f"**A leg traded on borrowed prices** ({shown}): recorded ones of another market, so this says "
                "how the strategy works, not what it earns."]  # fmt: skip
    if "bars of " in market:
        return [f"**The market was bars** ({shown}): four prices a bar and a modelled book around them, so spreads "
                "between venues and prices of fills are coarser than they could be had."]  # fmt: skip
    return []


def sentence(split: PairMoney) -> str:
    """Signed as they change the money: fees as -paid."""
    return (
        f"spread {money(split.spread)}, trend {money(split.trend)}, carry {money(split.carry)}, fees "
        f"{money(-split.fees)}, execution {money(split.execution)}"
    )


def headlines(facts: RoundFacts) -> list[str]:
    """One sentence a pair, for the first screen."""
    return [f"Pair {esc(p.name)}: {money(p.split.net)} {esc(facts.quote)} = {sentence(p.split)}." for p in facts.pairs]


def pair_section(facts: RoundFacts, pair: PairFacts) -> list[str]:
    legs = [facts.ledgers[k] for k in pair.legs]
    return [
        *(market_warning(facts) or [f"Market: {esc(facts.run.market) or UNKNOWN}."]),
        "",
        *_standing(pair, legs),
        *_split(facts, pair, legs),
        *_legs(facts, pair, legs),
        *clock_lines(pair),
        *_episodes(pair),
        *_funding(pair, legs),
        *_calendar(pair, legs),
    ]


def state_name(state: int | None) -> str:
    return UNKNOWN if state is None else f"S{state} {STATE_NAMES[state]}"


def sum_name(legs: list[LedgerFacts]) -> str:
    return "**both**" if len(legs) == 2 else "**all**"


def _backup(pair: PairFacts, legs: list[LedgerFacts]) -> str:
    """S1-54: what the backup venue did; nothing is said of a pair without one."""
    if len(legs) < 3:
        return ""
    where = esc(f"{legs[2].venue} {legs[2].symbol}")
    times = "once" if pair.moved == 1 else f"{pair.moved} times"
    said = f" Backup venue {where}: " + (f"a failed second leg went there {times}" if pair.moved else "not needed")
    return (
        f"{said}; **the {'long' if pair.on_backup == 0 else 'short'} leg is there now**."
        if pair.on_backup >= 0
        else f"{said}."
    )


def _standing(pair: PairFacts, legs: list[LedgerFacts]) -> list[str]:
    out = [f"State at the end **{state_name(pair.state)}**{', orders at work' if pair.busy else ''}."]
    if pair.stuck:
        out[0] += f" **It waits: {esc(pair.stuck)}.**"
    if pair.wish:
        out[0] += f" Its wish: {esc(pair.wish)}."
    out[0] += _backup(pair, legs)
    rows = []
    for name, led in zip(LEG_NAMES, legs, strict=False):
        ends = [size(led.start.pos, led), size(led.end.pos, led)]
        prices = [price(led.end.entry, led), price(led.end.mark, led)]
        rows.append([name, esc(f"{led.venue} {led.symbol}"), *ends, *prices, str(led.end.open_orders)])
    head = ["leg", "instrument", f"at the start, {esc(legs[0].base)}", "at the end", "entry", "mark", "open orders"]
    digits = max(led.price_digits for led in legs)
    carried = "carried into the next round" if any(led.end.pos for led in legs) else "nothing is carried"
    tail = f"Spread {number(pair.spread, digits)}, residual {percent(pair.residual)}; {carried}."
    if pair.adopted:
        tail += f" Positions that came without a fill: {pair.adopted} (their price PnL until seen counts as trend)."
    return [*out, "", *table(head, rows, "llrrrrr"), "", tail, ""]


def _split(facts: RoundFacts, pair: PairFacts, legs: list[LedgerFacts]) -> list[str]:
    s, c, net = pair.split, pair.costs, sum(led.money.net for led in legs)
    rows = [
        ["spread", money(s.spread), "both legs: the way between the venues' mids on what they hedge of each other"],
        ["trend", money(s.trend), "the mid's way on what is not hedged: S1, S4, S5 and residuals"],
        ["of it naked", money(c.naked), "unhedged where no state declares it, a lock at work included"],
        ["carry", money(s.carry), "funding, positive = received"],
        ["fees", money(-s.fees), "rebates received are positive"],
        ["execution", money(s.execution), "fills against the mid of their moment, negative = cost"],
        ["of it slippage", money(c.slippage), "fills against the mid at the decision"],
        ["of it waiting", money(s.execution - c.slippage), "the mid's way from the decision to the fill"],
        ["**net**", f"**{money(s.net)}**", f"of {'both' if len(legs) == 2 else 'all'} ledgers"],
    ]
    agrees = "agrees" if s.net == net else f"**DOES NOT AGREE with the ledgers' {exact(net)}**"
    identity = (
        f"spread {exact(s.spread)} + trend {exact(s.trend)} + carry {exact(s.carry)} - fees {exact(s.fees)} "
        f"+ execution {exact(s.execution)} = net {exact(s.net)}"
    )
    head = ["where the money came from", esc(facts.quote), "what it is"]
    return [*table(head, rows, "lrl"), "", f"`{identity}`: {agrees}.", ""]


def _legs(facts: RoundFacts, pair: PairFacts, legs: list[LedgerFacts]) -> list[str]:
    """The same money leg by leg, as the two ledgers have it."""
    rows = []
    for name, led in zip(LEG_NAMES, legs, strict=False):
        m, a = led.money, led.attribution
        amounts = [m.price, a.drift, a.spread, -m.fees, m.funding, m.net]
        rows.append([name, esc(f"{led.venue} {led.symbol}"), *[money(x) for x in amounts]])
    monies, parts = [led.money for led in legs], [led.attribution for led in legs]
    sums = [
        sum(m.price for m in monies), sum(a.drift for a in parts), sum(a.spread for a in parts),
        -sum(m.fees for m in monies), sum(m.funding for m in monies), sum(m.net for m in monies),
    ]  # fmt: skip
    rows.append([sum_name(legs), "", *[money(x) for x in sums]])
    head = ["leg", "instrument", "price", "of it the mid's way", "of it execution", "fees", "funding"]
    return [*table([*head, f"net, {esc(facts.quote)}"], rows, "llrrrrrr"), ""]


def _episodes(pair: PairFacts) -> list[str]:
    if not pair.episodes:
        return ["Episodes (S0 to S0): none.", ""]
    shown = pair.episodes[-SHOWN_EPISODES:]
    left = pair.episodes_dropped + len(pair.episodes) - len(shown)
    out = [f"Episodes (S0 to S0), time in each state{f'; the newest, {left} are left out' if left else ''}:", ""]
    names = [f"S{k}" for k in range(1, len(STATE_NAMES))]
    head = ["episode", "from, UTC", "to", *names, "how it ended"]
    out += table(head, [_times_row(e) for e in shown], "rll" + "r" * len(names) + "l")
    head = ["episode", "spread", "trend", "carry", "fees", "execution", "net", "fills"]
    out += ["", *table(head, [_money_row(e) for e in shown], "r" * len(head)), ""]
    inside = PairMoney()
    for episode in pair.episodes:
        inside = inside.plus(episode.money)
    rest = pair.split.plus(pair.before).minus(inside)
    if pair.before != PairMoney():
        out += [f"Of the first one {money(pair.before.net)} was made before this round.", ""]
    if not pair.episodes_dropped and rest != PairMoney():
        out += [f"Outside of episodes: {money(rest.net)} ({sentence(rest)}).", ""]
    return out


def _times_row(e: Episode) -> list[str]:
    path = " ".join(f"S{s}" for s in e.path)
    how = f"{path}: {e.how or 'still running'}{f' ({e.why})' if e.why else ''}"
    ends = [when(e.started), when(e.ended) if e.ended else UNKNOWN]
    resumed = " (from before the start)" if e.resumed else ""
    return [f"{e.number}{resumed}", *ends, *[duration(ns) if ns else "" for ns in e.in_state[1:]], esc(how)]


def _money_row(e: Episode) -> list[str]:
    m = e.money
    return [str(e.number), *[money(x) for x in (m.spread, m.trend, m.carry, -m.fees, m.execution, m.net)], str(e.fills)]


def _rate(rate: float | None, assumed: bool) -> str:
    return UNKNOWN if rate is None else f"{percent(rate, 4, True)}{' (assumed)' if assumed else ''}"


def _funding(pair: PairFacts, legs: list[LedgerFacts]) -> list[str]:
    """Every settlement paid or received, and their sum a venue: the funding's own PnL line (issue 4 point 3)."""
    rows = []
    for name, led, leg in zip(LEG_NAMES, legs, range(len(legs)), strict=False):
        n = sum(p.leg == leg for p in pair.payments)
        rows.append([name, esc(f"{led.venue} {led.symbol}"), str(n), money(led.money.funding)])
    rows.append([sum_name(legs), "", str(len(pair.payments)), f"**{money(sum(led.money.funding for led in legs))}**"])
    out = ["Funding, positive = received:", "", *table(["leg", "instrument", "settlements", "sum"], rows, "llrr"), ""]
    if not pair.payments:
        return [*out, "No settlement was paid in this round.", ""]
    shown = pair.payments[-SHOWN_PAYMENTS:]
    left = pair.payments_dropped + len(pair.payments) - len(shown)
    head = ["settled, UTC", "leg", "rate", "position", "mark", "payment"]
    out += table(head, [_payment_row(p, legs[p.leg]) for p in shown], "llrrrr")
    if left:
        out += ["", f"The newest {len(shown)}; {left} earlier ones are left out."]
    return [*out, ""]


def _payment_row(p: Settlement, led: LedgerFacts) -> list[str]:
    where = esc(f"{LEG_NAMES[p.leg]} {led.venue}")
    return [when(p.ts), where, _rate(p.rate, p.assumed), size(p.pos, led), price(p.mark, led), exact(p.amount)]


def _calendar(pair: PairFacts, legs: list[LedgerFacts]) -> list[str]:
    """S1-52: the next settlements of each venue in UTC by its own interval."""
    rows = [_calendar_row(up, legs[up.leg]) for up in pair.upcoming]
    head = ["leg", "instrument", "interval", "rate", "per year", "next settlements, UTC"]
    return ["Funding calendar:", "", *table(head, rows, "llrrrl")]


def _calendar_row(up: Upcoming, led: LedgerFacts) -> list[str]:
    hours = up.interval_ns / NS_PER_HOUR
    yearly = None if up.rate is None or hours <= 0 else up.rate / hours * HOURS_A_YEAR
    times = ", ".join(when(ts) for ts in up.times) or UNKNOWN
    every = duration(up.interval_ns) if up.interval_ns > 0 else UNKNOWN
    instrument = esc(f"{led.venue} {led.symbol}")
    return [LEG_NAMES[up.leg], instrument, every, _rate(up.rate, up.assumed), percent(yearly, 2, True), times]

"""The words of the console in one sentence each (S3-70)."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("ASMM", "Avellaneda-Stoikov market maker: quotes both sides round a price that moves against its inventory."),
    (
        "reservation price",
        "The price at which we are indifferent to trading one more unit: mid, moved by inventory risk.",
    ),
    ("skew", "How far the two sides are moved apart unevenly to lose inventory, in bp of mid."),
    ("reduce-only", "An order that can only make a position smaller; the venue refuses or trims the rest."),
    ("net cap", "The largest net position allowed, resting, in-flight and UNKNOWN orders counted in."),
    ("VPIN", "Volume-synchronised probability of informed trading: 0 balanced flow, 1 one-sided flow."),
    ("maker / taker", "Maker rests in the book and earns or pays the maker fee; taker hits the book and pays more."),
    ("markout", "Where mid went after our fill, from our side, in bp: negative means we were picked off."),
    ("fill rate", "Limit orders filled whole over limit orders that the venue took, in the last hour."),
    ("feed→book", "From the venue's stamp on a message to its arrival here: the network, as far as both clocks agree."),
    ("tick→order", "From waking up for a message to having decided and checked the orders that answer it."),
    ("order→ack", "From sending an order to the venue's word that it stands."),
    ("loop lag", "How late the core's own loop came to its turn: the machine is busy when it grows."),
    ("p50, p95, p99", "The value that half, 95 of 100, 99 of 100 measurements do not exceed."),
    (
        "trend",
        "The worst value of each of the last seconds, the newest at the right; heights only compare with each other.",
    ),
    ("slippage", "Fill price against the mid of the moment of decision, in bp: positive costs us."),
    ("adverse", "Share of our maker fills after which the mid stood against us one second later."),
    ("suppressed", "Orders left where they stand though not exactly at their target: not worth a message."),
    ("dropped", "Changes given up because the message budget of the moment was used up."),
    ("conflated", "Messages of the market merged into newer ones before we read them; nothing is lost by it."),
    ("weight", "What the venue counts against its limit of requests; each kind of request has its price."),
    ("grid layer", "One level of the market maker's orders; layer 1 stands nearest to the price."),
    ("liquidation buffer", "Distance from mark to the liquidation price as a share of mark."),
    ("drawdown", "Fall of equity from its highest point of the round, as a share of that point."),
    ("UNKNOWN", "An order whose fate the venue has not told; counted at its worst case until it has."),
    (
        "replay",
        "A journal run again through a fresh engine: it shows what was decided then and can send nothing to anybody.",
    ),
    (
        "step",
        "One moment that could change a decision: what came in and what was decided; one row of a journal.",
    ),
    (
        "check ok, sum, DIFFERS",
        "ok: the replayed engine asked for exactly what was recorded; sum: so far only the file's checksum holds; "
        "DIFFERS: it asked for something else.",
    ),
    ("HALTED", "Latched: nothing that adds risk can be created until a person re-arms."),
    ("COOLDOWN", "Quotes pulled for a set time after a limit fired; exits go on; ends by itself."),
    ("pair", "Two perpetuals of one coin: bought on the long venue, sold on the short venue; each of them is a leg."),
    (
        "S0 .. S5",
        "S0 nothing held, S1 first leg alone, S2 second leg being opened, S3 locked: both held, S4 long leg alone, "
        "S5 short leg alone.",
    ),
    ("cell", "Where the pair's own table stands inside a state: opening, pairing, unlock A, rolling back, exiting."),
    (
        "spread",
        "Price on the long venue minus price on the short venue, in bp of the middle of both or in quote units.",
    ),
    ("price source", "The one price that every rule of the pair uses: mid of the book, mark or index price."),
    ("LB, UB", "Lower and upper band of the spread: mean -/+ some sigma, or two quantiles, of its past window."),
    ("z", "How many standard deviations the spread stands from the mean of its window."),
    ("half-life", "Time in which the spread loses half of its distance to the mean, estimated over the same window."),
    (
        "lock",
        "Opening the second leg once the first has gained enough, so that the gain no longer moves with the price.",
    ),
    (
        "unlock A / B",
        "A closes the short leg at the upper band and keeps the long one; B closes the long at the lower.",
    ),
    ("gate", "What must hold before S0 opens: every filter, and enough of trend, target return and funding spread."),
    ("net / residual", "Both legs added up in coins, and what is not hedged of them as a share of the larger leg."),
    ("funding window", "The time before a settlement that the first leg would pay, in which no entry is made."),
    ("carry", "What the funding of both legs pays us: rate on the short venue minus rate on the long venue."),
    ("apr", "A rate for a year: the rate of one interval times the intervals in 365 days."),
    (
        "naked",
        "A residual that nothing hedges while the legs are worked at; after its time it is taken back.",
    ),
    ("due", "What the next settlement brings at the present rate, price and size; above 0 it is paid to us."),
    ("stuck", "The pair waits for something that it cannot bring about itself; the screen names it and since when."),
    (
        "spread / trend / carry",
        "The pair's money by source: both legs against each other, a lone leg with the market, funding; then fees and "
        "execution against the arrival price.",
    ),
    ("weight", "What the venue counts for each request; beyond its limit a minute it refuses us for a while."),
    ("conflated", "News left out because newer news of the same kind had come already; nothing is lost by it."),
    (
        "gap / lost",
        "A break in a feed's numbers, and how many messages of it never came; the book is made anew after it.",
    ),
    (
        "reconciled",
        "Orders, positions, trades and balance at the venue agree with our books; asked every five seconds.",
    ),
    ("foreign", "Orders and positions at the account that are not ours: shown and never touched."),
    (
        "dead-man's switch",
        "The venue cancels our orders by itself when our beats stop; a watchdog process stands in for it.",
    ),
    ("clock offset", "The venue's clock minus ours; beyond a second nothing new is sent."),
    ("UNATTENDED", "The last controlling console is gone: after the grace time the core pauses, quotes are cancelled."),
    (
        "used, HIT",
        "How much of a limit is taken; HIT at 100 %, and where its max is missing: then it refuses. FULL is a cap on "
        "orders that stands at its max: more is refused.",
    ),
    ("fired", "How often a limit refused an order or acted since the core started."),
    ("reduce band", "An unrealised loss at which a share of the position is closed, once; a smaller loss re-arms it."),
    ("dead-man", "What cancels our orders when this process cannot: the venue's own timer, or a watchdog process."),
    (
        "what if",
        "All marks move at once by one share, nothing is traded: size x mark x move, and the first limit hit.",
    ),
    ("PAST", "The mark is at or behind the liquidation price: the venue has closed the position."),
    (
        "timeline",
        "What one order went through: decided, risk gate, sent, acknowledged, fills with their markout, its end.",
    ),
    (
        "bp behind the mid",
        "How far an order's price stands on its own side of the middle of best bid and ask; beyond it would trade.",
    ),
    ("woken by", "What made the strategy decide: its timer, an order of ours, a trade, a moved price, an input."),
    (
        "why not",
        "The stages between a price and an order, in their order, and the first that says no; `not asked` stands "
        "behind it, `part` refuses some orders while others stand.",
    ),
    ("STALE", "A figure older than 5 of its periods; it keeps its last value with a `?`."),
)

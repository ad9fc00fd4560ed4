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
    ("fill rate", "Orders filled at least in part over orders placed, in the last hour."),
    ("liquidation buffer", "Distance from mark to the liquidation price as a share of mark."),
    ("drawdown", "Fall of equity from its highest point of the round, as a share of that point."),
    ("UNKNOWN", "An order whose fate the venue has not told; counted at its worst case until it has."),
    ("HALTED", "Latched: nothing that adds risk can be created until a person re-arms."),
    ("COOLDOWN", "Quotes pulled for a set time after a limit fired; exits go on; ends by itself."),
    ("STALE", "A figure older than 5 of its periods; it keeps its last value with a `?`."),
)

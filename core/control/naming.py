"""Which instrument a person in a hurry means: our symbol, the venue's, with or without separators, or the bare coin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.control.outcome import plain

QUOTES = ("USDC", "USDT", "USDE", "USD")


def meant(symbols: Sequence[str], text: str) -> tuple[int, ...]:
    """Places of what `text` names: one or more of that very name, else all of that coin. More than one coin's worth is
    for a person to tell apart: see `several`."""
    wanted = plain(text)
    same = tuple(n for n, symbol in enumerate(symbols) if plain(symbol) == wanted)
    return same or tuple(n for n, symbol in enumerate(symbols) if _coin(symbol) == wanted)


def several(symbols: Sequence[str], text: str) -> tuple[str, ...]:
    """The symbols of one coin that a bare name does not tell apart; () where it names one, or none."""
    found = [symbols[n] for n in meant(symbols, text)]
    return tuple(found) if len(found) > 1 and any(plain(symbol) != plain(text) for symbol in found) else ()


def names(symbols: Iterable[str], text: str) -> bool:
    """Whether one of them may be meant."""
    return bool(meant(tuple(symbols), text))


def _coin(symbol: str) -> str:
    name = symbol.split()[-1] if symbol.split() else ""
    base, slash, _ = name.partition("/")
    if slash:
        return plain(base)
    bare = plain(name)
    quote = next((quote for quote in QUOTES if bare.endswith(quote) and bare != quote), "")
    return bare.removesuffix(quote)

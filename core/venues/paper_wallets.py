"""The wallets of a paper ledger: which instrument is on which account, and whose money goes on when that changes.

An account is called by the venues of its instruments. One that no instrument of a run is on sleeps with its money until
its venue is back. Knows no file and no order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from core.domain.errors import Refused
from core.exchange.blocks import Account

PER_INSTRUMENT = ("pos", "cost", "mark", "iso", "realised_of", "fees_of", "funding_of")
TOTALS = ("wallet", "start", "transfers", "realised", "fees", "funding", "next_trade", "next_venue")
_SPLIT = (
    ("realised", "realised_of", 1),
    ("fees", "fees_of", -1),
    ("funding", "funding_of", 1),
)  # and sign in the wallet

State = dict[str, Any]


def state_of(account: Account) -> State:
    """Money and positions of an account as plain values."""
    a = account.s
    state: State = {name: getattr(a, name) for name in TOTALS}
    for name in PER_INSTRUMENT:
        state[name] = list(getattr(a, name)[: a.n])
    return state


def put_state(account: Account, state: State) -> None:
    """The other way round; `n` and `unit` are the caller's."""
    for name in TOTALS:
        setattr(account.s, name, state[name])
    for name in PER_INSTRUMENT:
        for i, value in enumerate(state[name]):
            getattr(account.s, name)[i] = value


class Seating(NamedTuple):
    """Instrument i is of venue `venues[i]`, on account `owners[i]`, at `places[i]` of it."""

    venues: tuple[str, ...]
    owners: tuple[int, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, venues: Sequence[str], owners: Sequence[int] = ()) -> Seating:
        """Default: one account has all of them. Raises ValueError for owners that are not numbered from 0."""
        mine = tuple(owners) or (0,) * len(venues)
        if len(mine) != len(venues) or set(mine) != set(range(max(mine, default=-1) + 1)):
            raise ValueError(f"Expected an account for each instrument, numbered from 0, was {mine}")
        return cls(tuple(venues), mine, tuple(mine[:i].count(owner) for i, owner in enumerate(mine)))

    @property
    def n(self) -> int:
        """How many accounts."""
        return max(self.owners, default=-1) + 1

    def name(self, k: int) -> str:
        """How account k is called: its venues in the order of their instruments."""
        return "+".join(dict.fromkeys(v for v, owner in zip(self.venues, self.owners, strict=True) if owner == k))


def fresh_state(balance: int, n: int) -> State:
    """An account with `balance` (1e-8 quote) and n instruments that never traded."""
    zero = dict.fromkeys(TOTALS, 0) | {"wallet": balance, "start": balance}
    return zero | {name: [0] * n for name in PER_INSTRUMENT}


def reseated(
    old: Seating,
    states: Sequence[State],
    asleep: dict[str, State],
    new: Seating,
    to: dict[int, int],
    held: Collection[int],
    balances: Sequence[int],
) -> tuple[list[State], dict[str, State], list[str]]:
    """States of the new accounts, those that sleep now, and what is to be said.

    `to[i]` is the new number of old instrument i; `held`: old instruments with a position or orders, all in `to`. An
    account goes on under its own name, else under the first that has one of its venues; a single account goes on
    whatever its venue. What is split off an account takes the money that its own instruments made with it and begins
    with its own balance. Raises Refused where a held instrument would have to change between two old accounts.
    """
    known: dict[str, State] = {old.name(k): state for k, state in enumerate(states)} | asleep
    source = _sources(list(known), [new.name(k) for k in range(new.n)], alone=len(known) == 1)
    out = [
        fresh_state(balances[k], new.owners.count(k)) | {name: known[origin][name] for name in TOTALS}
        if (origin := source[k]) is not None
        else fresh_state(balances[k], new.owners.count(k))
        for k in range(new.n)
    ]
    for i, place in to.items():
        was, k = old.name(old.owners[i]), new.owners[place]
        if source[k] not in (was, None):
            if i in held:
                raise Refused(
                    f"Expected {old.venues[i]} on its own paper account, which holds a position or orders, was on the "
                    f"one of {source[k]}; flatten with panic, or start with --fresh"
                )
            continue
        for name in PER_INSTRUMENT:
            out[k][name][new.places[place]] = states[old.owners[i]][name][old.places[i]]
        if source[k] is None:
            _split(out[k], out[source.index(was)], states[old.owners[i]], old.places[i])
    notes = [
        f"paper ledger: a new account at {new.name(k)}" for k in range(new.n) if source[k] is None and (known or k)
    ]
    sleeping = {name: state for name, state in known.items() if name not in source}
    notes += [
        f"paper ledger: the account at {name} sleeps: no instrument of it is traded"
        for name in sleeping
        if name not in asleep
    ]
    return out, {name: {key: state[key] for key in TOTALS} for name, state in sleeping.items()}, notes


def _sources(known: list[str], wanted: list[str], alone: bool) -> list[str | None]:
    source: list[str | None] = [name if name in known else None for name in wanted]
    for k, name in enumerate(wanted):
        if source[k] is None:
            near = (x for x in known if x not in source and set(x.split("+")) & set(name.split("+")))
            source[k] = next(near, None)
    if alone and len(wanted) == 1:
        return [known[0]]
    return source


def _split(mine: State, rest: State, state: State, place: int) -> None:
    """What instrument `place` of the old account made goes over to a new account; both stay exact."""
    for total, each, sign in _SPLIT:
        amount = state[each][place]
        mine[total] += amount
        mine["wallet"] += sign * amount
        rest[total] -= amount
        rest["wallet"] -= sign * amount
    for name in ("next_trade", "next_venue"):
        mine[name] = max(mine[name], state[name])

"""Faults of a loopback venue by name: what goes wrong, where, when and how often. Seeded; counts what it did.

A rule matches a place: a REST route ("POST /fapi/v1/order"), a stream ("ws:depth", "ws:user"), or a method of a
websocket API ("ws-api:order.place"); `*` and `?` match as in file names. The first rule that fires wins. Servers ask
`Faults.at` and carry out what comes back; what a fault means stands in `KINDS`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from core import rng
from core.domain.errors import Refused
from core.domain.units import NS_PER_S
from core.venues.wire.terms import pairs_of

KINDS = {
    # requests
    "hang": "the request is not acted on and never answered (connection held for `seconds`)",
    "hang_after": "the request is acted on and never answered (connection held for `seconds`)",
    "drop": "the connection is closed before the request is acted on",
    "drop_after": "the request is acted on, then the connection is closed without an answer",
    "status": "answered with `status`, `code` and `text` of the venue, not acted on; `retry_after` in the header",
    "status_after": "acted on, then answered with `status`, `code` and `text`",
    "says": "not acted on, and answered 200 with `text` as it stands",
    "says_after": "acted on, then answered 200 with `text` as it stands",
    "slow": "acted on and answered `seconds` later",
    "partial_batch": "the first half of a batch is acted on, the rest refused",
    # streams
    "gap": "this frame is lost: the sequence number goes on",
    "poison": "a frame that is no JSON",
    "torn": "the frame is cut in the middle",
    "huge": "a frame of 10 MB before this one",
    "double": "the frame is sent twice",
    "late": "the frame is sent `seconds` later; others overtake it",
    "silent": "nothing is sent on this stream for `seconds`; the connection stays open",
    "half_open": "pings are not answered and nothing is sent, for `seconds`",
    "close": "the connection is closed with `status` (1006 = without a closing frame, 1012, ...)",
    # the venue
    "listen_key_expired": "the key of the user stream ends, as the venue tells it",
    "skew": "the venue's clock is `seconds` off from now on",
    "terms": "an instrument's terms change: `text` as 'SYMBOL tick=10 lot=10', words in core.venues.wire.terms",
    "maintenance": "every request is answered 503 for `seconds`",
}
VENUE_WIDE = ("listen_key_expired", "skew", "terms", "maintenance")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. Seconds count from the start of the venue; `chance` is rolled at every match; `times` 0 = no end."""

    do: str
    at: str = "*"
    chance: float = 1.0
    times: int = 0
    skip: int = 0  # matches let pass first
    from_s: float = 0.0
    until_s: float = 1e12
    seconds: float = 0.0
    status: int = 0
    code: int = 0
    text: str = ""
    retry_after: int = 0


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole schedule, as its file has it."""

    seed: int = 0
    rules: tuple[Rule, ...] = ()


class Faults:
    """The schedule at work. `done` counts what fired, by kind."""

    def __init__(self, plan: Plan, start_ns: int) -> None:
        self.plan, self.start_ns = plan, start_ns
        self.rules: list[Rule] = []
        self.done: dict[str, int] = {}
        self._left: list[int] = []
        self._skip: list[int] = []
        self._dice = rng.stream(plan.seed, "loopback venue faults")
        for rule in plan.rules:
            self.add(rule)

    def add(self, rule: Rule) -> None:
        """One more rule, from now on. Raises Refused for a kind that does not exist or a chance outside 0..1."""
        if rule.do not in KINDS:
            raise Refused(f"Expected a fault of {', '.join(sorted(KINDS))}, was {rule.do!r}")
        if not 0.0 <= rule.chance <= 1.0:
            raise Refused(f"Expected a chance between 0 and 1, was {rule.chance}")
        if rule.do == "terms":
            pairs_of(rule.text)
        self.rules.append(rule)
        self._left.append(rule.times or -1)
        self._skip.append(rule.skip)

    def at(self, place: str, now: int, kinds: tuple[str, ...] = ()) -> Rule | None:
        """The rule that fires for this passage of `place`, only of `kinds` where given; None = all is well."""
        seconds = (now - self.start_ns) / NS_PER_S
        for i, rule in enumerate(self.rules):
            if kinds and rule.do not in kinds:
                continue
            if self._left[i] == 0 or not rule.from_s <= seconds < rule.until_s or not fnmatchcase(place, rule.at):
                continue
            if self._skip[i] > 0:
                self._skip[i] -= 1
                continue
            if rule.chance < 1.0 and self._dice.random() >= rule.chance:
                continue
            self._left[i] -= 1
            self.done[rule.do] = self.done.get(rule.do, 0) + 1
            return rule
        return None

    def clear(self) -> None:
        """Every rule ends."""
        self._left = [0] * len(self.rules)


def plan_of(text: str, where: str) -> Plan:
    """A plan from YAML or JSON text. Raises Refused with the place and what was expected."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        plan = msgspec.convert(YAML(typ="safe").load(text) or {}, Plan)
        Faults(plan, 0)
    except (YAMLError, msgspec.ValidationError, Refused) as error:
        raise Refused(f"{where}: {error}") from None
    return plan


def plan_from(path: Path) -> Plan:
    """A plan from a file. Raises Refused."""
    try:
        return plan_of(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from None

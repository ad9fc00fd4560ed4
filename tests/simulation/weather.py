"""The weather of one seed: what the wire and the venue do wrong, how often and when. `weather_of(seed)` mixes them.

Chances are per request, answer, report or read, and end at `until_s`; acts stand at their second of the run. Owns the
dice of the faults and counts which of them fired. Carries nothing out: the venue asks `roll`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core import rng

FAULTS_S = 24.0  # faults end here
OVERLOAD_S = 5.0  # 5xx end so long before the rest: for ten seconds after one absence is no proof (RELIABILITY.md 2.3),
# then two reads more
CHANCES = (
    "lose_before", "lose_after", "error_before", "error_after", "late", "answer_late", "request_twice", "banned",
    "report_lost", "report_twice", "report_late", "gap", "read_fails", "read_stale", "page_lost",
)  # fmt: skip
ENDS = ("stop", "stop", "stop", "halt", "flatten", "panic", "resume", "stop flat")
STORMS = (("banned", 0.04), ("report_lost", 0.5), ("lose_after", 0.4), ("read_fails", 0.7), ("request_twice", 0.5))


@dataclass(frozen=True)
class Act:
    """Something that the venue does of itself at `at_s`; `name` as the venue's `act` knows it."""

    at_s: float
    name: str
    value: float = 0.0


@dataclass
class Weather:
    """Chances while `t < until_s` of the run; all zero is a quiet day."""

    until_s: float = 0.0
    lose_before: float = 0.0  # the request never arrives, the caller times out
    lose_after: float = 0.0  # it is acted on, the answer never comes
    error_before: float = 0.0  # answered 5xx, and not acted on
    error_after: float = 0.0  # acted on, then answered 5xx at once
    late: float = 0.0  # the request is on its way for up to 4 s
    answer_late: float = 0.0  # the answer is, for up to 1.5 s: others overtake it
    request_twice: float = 0.0  # the same packet arrives a second time; either answer may be the one that is heard
    banned: float = 0.0  # 429 or 418 with a Retry-After of 1 to 4 s, for everything that arrives in it
    report_lost: float = 0.0
    report_twice: float = 0.0
    report_late: float = 0.0
    gap: float = 0.0
    read_fails: float = 0.0
    read_stale: float = 0.0  # answered by a replica that is up to 3 s behind
    page_lost: float = 0.0  # a list comes without some of its rows
    silent_s: tuple[float, float] = (0.0, 0.0)  # no public data between these seconds
    down_s: tuple[float, float] = (0.0, 0.0)  # maintenance: everything is refused with 503
    acts: tuple[Act, ...] = ()
    kills: tuple[tuple[float, str, int], ...] = ()  # from this second on, at the n-th passing of a point ("" = then)
    thin: bool = False  # books so thin that orders fill in many parts
    funding_s: float = 0.0  # a funding settlement at this second, 0 = none
    end: str = "stop"


@dataclass
class Dice:
    """The chances at work: one stream of dice, and what fired."""

    weather: Weather
    seed: int
    fired: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stream = rng.stream(self.seed, "async venue")

    def random(self) -> float:
        return float(self._stream.random())

    def note(self, what: str, count: int = 1) -> None:
        """Something went wrong that no chance decided."""
        self.fired[what] = self.fired.get(what, 0) + count

    def roll(self, what: str, t: float) -> bool:
        """Whether `what` happens now."""
        chance = getattr(self.weather, what)
        until = self.weather.until_s - (OVERLOAD_S if what.startswith("error") else 0.0)
        if t >= until or chance <= 0 or float(self._stream.random()) >= chance:
            return False
        self.note(what)
        return True


def weather_of(seed: int) -> Weather:
    """Each seed its own: a few faults, some of them often; acts of the venue; deaths of the core; one of the ends."""
    dice = rng.stream(seed, "weather")

    def some(share: float) -> bool:
        return bool(dice.random() < share)

    def when(first: float = 4.0, last: float = FAULTS_S) -> float:
        return first + (last - first) * float(dice.random())

    weather = Weather(until_s=FAULTS_S, end=ENDS[int(dice.integers(len(ENDS)))])
    for name in CHANCES:
        if some(0.45):
            setattr(weather, name, float(dice.random()) * (0.15 if name not in ("banned", "gap") else 0.01))
    if some(0.25):
        name, most = STORMS[int(dice.integers(len(STORMS)))]
        setattr(weather, name, most * (0.3 + 0.7 * float(dice.random())))
    weather.error_before, weather.error_after = weather.error_before / 3, weather.error_after / 3
    weather.read_fails, weather.read_stale = weather.read_fails * 2, weather.read_stale * 3
    first = when(4.0, 16.0)
    if some(0.25):
        weather.silent_s = (first, first + 1.0 + float(dice.random()) * 5.0)
    if some(0.2):
        weather.down_s = (first, min(FAULTS_S, first + 1.0 + float(dice.random()) * 6.0))
    weather.thin, weather.funding_s = some(0.5), 6.0 + 12.0 * float(dice.random()) if some(0.2) else 0.0
    weather.acts = tuple(sorted(_acts(dice), key=lambda act: act.at_s))
    if some(0.3):
        points = ("", "synced", "send", "arrived", "told", "read")
        weather.kills = tuple(
            (when(), points[int(dice.integers(len(points)))], int(dice.integers(1, 6)))
            for _ in range(int(dice.integers(1, 3)))
        )
    return weather


def _acts(dice: rng.np.random.Generator) -> list[Act]:
    found = []
    for name, share, low, high in (
        ("adl", 0.25, 0.1, 1.0), ("adl", 0.15, 0.1, 1.0), ("liquidate", 0.03, 0.0, 0.0), ("cancels", 0.15, 0.0, 1.0),
        ("cancel_only", 0.15, 1.0, 8.0), ("tick", 0.1, 2.0, 10.0), ("lot", 0.1, 2.0, 10.0), ("skew", 0.25, -0.9, 0.9),
        ("skew", 0.1, -4.0, 4.0),
    ):  # fmt: skip
        if dice.random() < share:
            at = 3.0 + (FAULTS_S - 4.0) * float(dice.random())
            found.append(Act(at, name, low + (high - low) * float(dice.random())))
    return found

"""Which screen, in which state, at which size, is looked at: the cases of the picture matrix, and how each is opened.

Data only. A screen that is new in the registry comes into the matrix by itself; what it shows beyond the picture of the
core stands in PAGES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.domain.snapshot import Snapshot
from screens.actions import (
    ACTIONS,
    AUDIT,
    EXECUTION,
    OVERVIEW,
    RISK,
    SCHEDULER,
    SCREENS,
    SPREAD,
    TIMELINE,
    VENUES,
    textual_key,
)
from tests.console import fabricated_venues
from tests.console.fabricated import SECOND, snapshot, state
from tests.console.fabricated_audit import Invented, files
from tests.console.fabricated_execution import faring, poor
from tests.console.fabricated_pair import PAIRS, pictured, several
from tests.console.fabricated_risk import RISKS

replace = msgspec.structs.replace
Size = tuple[int, int]
SMALL, PLAIN, LARGE = (80, 24), (120, 40), (200, 60)
SIZES: tuple[Size, ...] = (SMALL, PLAIN, LARGE)
ODD: tuple[Size, ...] = ((80, 40), (120, 24))  # narrow and high, wide and low

REPORT = """# Round 16

**PASS**, +12.90 USDC in 4 h, flat at the end.

| | figure | limit | |
|---|---|---|---|
| fill rate | 63.2 % | > 40 % | pass |
| markout 1 s | -0.10 bp | > -0.5 bp | pass |

## What to look at

- 3 fills above 1.0 bp between 11:20 and 11:40
"""

# what each screen is shown with, in PAPER; the others with the common picture
BASE: Mapping[str, Callable[[], Snapshot]] = {
    RISK: RISKS["maker"],
    EXECUTION: faring,
    SPREAD: lambda: pictured(PAIRS["s3"]()),
    VENUES: lambda: fabricated_venues.timed(),
    SCHEDULER: lambda: fabricated_venues.timed(),
}


WALKED = (*SCREENS, TIMELINE)  # every screen there is, in the turn or on top of another
OPENED_BY: Mapping[str, tuple[str, ...]] = {OVERVIEW: (), TIMELINE: ("3", "enter")}  # others: by the key of their name

# what every console of the matrix is given
COMMON: Mapping[str, Any] = {
    "palette": "default", "ascii_only": False, "read_report": lambda _path: REPORT,
    "audit": Invented, "journals": files,
}  # fmt: skip


def base(scope: str) -> Snapshot:
    return BASE.get(scope, lambda: snapshot(40))()


def opened_by(scope: str) -> tuple[str, ...]:
    """The keys that open a screen from the Overview."""
    if scope in OPENED_BY:
        return OPENED_BY[scope]
    return (textual_key(next(action for action in ACTIONS if action.name == scope).keys[0]),)


# --- states -----------------------------------------------------------------------------------------------------------
def halted(snap: Snapshot) -> Snapshot:
    made = state(snap, run="HALTED", since=snap.ts - 9 * SECOND, reason="Ctrl+G", orders_at_stop=16, positions_left=1,
                 verified="clean")  # fmt: skip
    return replace(made, orders=())


def live(snap: Snapshot) -> Snapshot:
    return replace(snap, mode="LIVE", network="mainnet")


def stale(snap: Snapshot) -> Snapshot:
    """Every figure with an age of its own is 14 s old."""
    old = 14 * SECOND
    return replace(
        snap,
        positions=tuple(replace(row, ts=snap.ts - old) for row in snap.positions),
        feeds=tuple(replace(row, age_ns=old) for row in snap.feeds),
        pairs=tuple(replace(p, legs=tuple(replace(leg, age_ns=old) for leg in p.legs)) for p in snap.pairs),
        venues=tuple(
            replace(v, streams=tuple(replace(s, age_ns=old) for s in v.streams)) for v in snap.venues
        ),
    )  # fmt: skip


STATES: Mapping[str, Callable[[Snapshot], Snapshot | None]] = {
    "paper": lambda snap: snap,
    "testnet": lambda snap: replace(snap, mode="TESTNET", network="testnet", venue="binance_usdm"),
    "loopback": lambda snap: replace(snap, mode="TESTNET", network="loopback"),
    "live": live,
    "replay": lambda snap: replace(snap, mode="REPLAY"),
    "paused": lambda snap: state(snap, run="PAUSED", reason="operator"),
    "paused-live": lambda snap: state(live(snap), run="PAUSED", reason="operator"),
    "halted": halted,
    "halted-live": lambda snap: halted(live(snap)),
    "stale": stale,
    "unattended": lambda snap: state(snap, attended=False, grace_until=snap.ts + 754 * SECOND),
    "cooldown": lambda snap: state(snap, run="COOLDOWN", until=snap.ts + 187 * SECOND, reason="pnl below -15"),
    "read-only": lambda snap: snap,
    "silent": lambda snap: snap,
    "dead": lambda snap: snap,
    "nothing": lambda snap: None,
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {"read-only": {"read_only": True}, "dead": {"core_alive": lambda: False}}
SILENCE_S = {"silent": 4.0}  # the core has sent nothing for so long
EACH = ("halted-live", "stale", "nothing")  # states in which every screen that draws the picture is looked at
BANNERS = ("paper", "testnet", "loopback", "live", "replay", "halted", "halted-live")


# --- cases ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Case:
    """One picture. `keys` are pressed after the screen was opened."""

    scope: str
    what: str
    size: Size
    make: Callable[[], Snapshot | None]
    keys: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    silence_s: float = 0.0
    no_color: bool = False

    @property
    def name(self) -> str:
        return f"{self.scope}-{self.what}-{self.size[0]}x{self.size[1]}"


def in_state(scope: str, name: str, size: Size, **options: Any) -> Case:
    return Case(scope, name, size, lambda: STATES[name](base(scope)), opened_by(scope),
                {**OPTIONS.get(name, {}), **options}, SILENCE_S.get(name, 0.0))  # fmt: skip


def looks(scope: str) -> list[Case]:
    """The palettes: classic, mono in ASCII, and NO_COLOR."""
    made = []
    for what, options in (
        ("classic", {"palette": "classic"}),
        ("mono-ascii", {"palette": "mono", "ascii_only": True}),
        ("no-color", {"palette": ""}),
    ):
        for name in ("paper", "halted-live"):
            case = in_state(scope, name, PLAIN, **options)
            made.append(Case(scope, f"{name}-{what}", PLAIN, case.make, case.keys, case.options,
                             no_color=what == "no-color"))  # fmt: skip
    return made


# what only one screen can show: name -> (picture, keys after it is open)
OWN: Mapping[str, Mapping[str, tuple[Callable[[], Snapshot | None], tuple[str, ...]]]] = {
    OVERVIEW: {
        **{f"pair-{name}": (lambda name=name: pictured(PAIRS[name]()), ()) for name in ("s3", "stuck", "no_bands")},
        "pairs": (lambda: pictured(*several()), ()),
        **{f"zoom-{n}": (lambda: snapshot(40), (str(n),)) for n in range(1, 10)},
    },
    RISK: {
        **{name: (RISKS[name], ()) for name in ("tight", "hedged", "naked", "unknown", "flat")},
        "zoom": (RISKS["hedged"], ("tab", "enter")),
    },
    EXECUTION: {
        "poor": (poor, ()),
        "unmeasured": (lambda: Snapshot(ts=faring().ts, seq=1), ()),
        **{f"alone-{n}": (faring, ("right",) * n) for n in (2, 6, 8)},
    },
    SPREAD: {
        **{name: (lambda name=name: pictured(PAIRS[name]()), ()) for name in ("s0", "s1", "s2", "s4", "stuck")},
        "several": (lambda: pictured(*several()), ()),
        "no-pair": (lambda: snapshot(40), ()),
    },
    VENUES: {name: (fabricated_venues.SHOWN[name], ()) for name in ("paired", "one_down", "foreign", "halted")},
    SCHEDULER: {name: (fabricated_venues.SHOWN[name], ()) for name in ("paired", "one_down", "halted")},
}


@dataclass(frozen=True)
class Opened:
    """How a dialog is opened: keys pressed on a screen in a state with real money; `answers`: keys of its own."""

    keys: tuple[str, ...]
    state: str = "live"
    scope: str = OVERVIEW
    answers: tuple[str, ...] = ()


# every dialog by the name of its class; one that is new must be named here
DIALOGS: Mapping[str, Opened] = {
    "QuitDialog": Opened(("q",), answers=("s", "x", "enter")),
    "StopDialog": Opened(("q", "s"), answers=("enter",)),
    "FlattenDialog": Opened(("f",), answers=("enter",)),
    "ResumeDialog": Opened(("p",), "paused-live", answers=("enter",)),
    "RearmDialog": Opened(("R",), "halted-live", answers=("enter",)),
    "HolderDialog": Opened(("i",), answers=("i", "enter")),
    "CommandLine": Opened(("colon",), answers=("enter",)),
    "JournalsDialog": Opened(("J",), scope=AUDIT, answers=("enter",)),
    "FilterLine": Opened(("slash",), scope="config", answers=("enter",)),
}


def dialogs() -> list[Case]:
    """Each dialog with real money and with simulated money, the second step of re-arming, and all of them in ASCII."""
    made = []
    for name, opened in DIALOGS.items():
        keys = (*opened_by(opened.scope), *opened.keys)
        calm = opened.state.removesuffix("-live").replace("live", "paper")
        ways: list[tuple[str, str, tuple[str, ...], Mapping[str, Any]]] = [
            ("live", opened.state, keys, {}), ("ascii", opened.state, keys, {"palette": "mono", "ascii_only": True}),
        ]  # fmt: skip
        if name != "StopDialog":  # asked with real money only
            ways.append(("paper", calm, keys, {}))
        if name == "RearmDialog":
            ways.append(("word", opened.state, (*keys, *"why", "enter"), {}))
        for way, state_name, pressed, options in ways:
            for size in (SMALL, PLAIN) if way != "ascii" else (SMALL,):
                made.append(Case("dialog", f"{name}-{way}", size,
                                 lambda scope=opened.scope, state_name=state_name: STATES[state_name](base(scope)),
                                 pressed, options))  # fmt: skip
    return made


def _cases() -> list[Case]:
    made = []
    for scope in WALKED:
        made += [in_state(scope, "paper", size) for size in SIZES]
        names = STATES if scope == OVERVIEW else EACH if scope in OWN else EACH[-1:]
        made += [in_state(scope, name, PLAIN) for name in names if name != "paper"]
        made += [in_state(scope, "paper", size) for size in ODD if scope in OWN]
        ascii_case = in_state(scope, "paper", SMALL, palette="mono", ascii_only=True)
        made.append(Case(scope, "mono-ascii", SMALL, ascii_case.make, ascii_case.keys, ascii_case.options))
        made += [Case(scope, what, SMALL, make, (*opened_by(scope), *keys))
                 for what, (make, keys) in OWN.get(scope, {}).items()]  # fmt: skip
    made += [in_state(OVERVIEW, name, SMALL) for name in STATES if name != "paper"]
    made += [case for scope in (OVERVIEW, RISK) for case in looks(scope)]
    return made + dialogs()


CASES = tuple(_cases())

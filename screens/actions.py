"""The registry of actions: key, name, what it does, where, how dangerous. Bindings, footer, help and
`perpconsole keys` all come from it. Plain data: imports no textual. `later` marks screens that are not built yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.domain.errors import ConfigError

# what an action may do to the market
VIEW = "view"  # nothing
NOTE = "note"  # a record: acknowledge, write a report
PULL = "pull"  # cancels quotes, never adds risk: no confirmation
ASK = "ask"  # opens a dialog that asks before anything costs money or adds risk
EMERGENCY = "emergency"
TRADES = (PULL, ASK, EMERGENCY)

GLOBAL = "everywhere"
OVERVIEW = "overview"
RISK = "risk"
EXECUTION = "execution"
SPREAD = "spread"
ROUNDS = "rounds"
CONFIG = "config"
LOGS = "logs"
VENUES = "venues"
SCHEDULER = "scheduler"
AUDIT = "audit"
HELP = "help"
WHY = "why"
TIMELINE = "timeline"  # of one order; stands on the screen it was opened from

# screens in the order of [ and ]
SCREENS = (OVERVIEW, RISK, EXECUTION, SPREAD, ROUNDS, AUDIT, CONFIG, LOGS, VENUES, SCHEDULER, WHY, HELP)


@dataclass(frozen=True)
class Action:
    """`keys` as printed on a keyboard; `foot` is the footer's word (empty: not in the footer), `rank` its priority."""

    name: str
    keys: tuple[str, ...]
    does: str
    scope: str = GLOBAL
    danger: str = VIEW
    foot: str = ""
    rank: int = 9
    fixed: bool = False  # the same everywhere: no screen may rebind its keys
    later: bool = False

    @property
    def label(self) -> str:
        return " ".join(self.keys)


ACTIONS: tuple[Action, ...] = (
    Action("emergency", ("ctrl+g", "f12"), "EMERGENCY STOP: halt and cancel our orders, at once; a second, separate "
           "press 0.5-5 s later closes the positions", danger=EMERGENCY, foot="EMERGENCY STOP", rank=0, fixed=True),
    Action("flatten", ("f",), "Flatten: halt, cancel, close every position (asks)", danger=ASK, foot="Flatten…", rank=1,
           fixed=True),
    Action("pause", ("p",), "Pause quoting at once, or resume it (resuming asks)", danger=PULL, foot="Pause", rank=1,
           fixed=True),
    Action("rearm", ("R",), "Re-arm after a halt: checklist, reason, typed word", danger=ASK, foot="Re-arm", rank=1,
           fixed=True),
    Action("quit", ("q", "d", "ctrl+q"), "Quit dialog: detach, stop, flatten then stop", foot="Quit", rank=2,
           fixed=True),
    Action("help", ("?",), "This help: keys of the screen, global keys, emergency card, glossary", foot="Help", rank=2,
           fixed=True),
    Action("command", (":",), "Command line: any action by name, cancel ID, limit NAME VALUE", foot="Cmd", rank=4,
           fixed=True),
    Action("hint_quit", ("ctrl+c",), "Nothing but a hint", fixed=True),
    Action("back", ("escape", "0"), "Back: close the zoom or the screen", rank=7),
    Action("zoom_1", ("1",), "Zoom Positions"),
    Action("zoom_2", ("2",), "Zoom Spread & bands"),
    Action("zoom_3", ("3",), "Zoom Orders"),
    Action("zoom_4", ("4",), "Zoom State"),
    Action("zoom_5", ("5",), "Zoom Latency"),
    Action("zoom_6", ("6",), "Zoom Execution"),
    Action("zoom_7", ("7",), "Zoom Liquidation buffer"),
    Action("zoom_8", ("8",), "Zoom PnL"),
    Action("zoom_9", ("9",), "Zoom Alerts"),
    Action("zoom_focused", ("enter",), "Zoom the focused pane"),
    Action("next_pane", ("tab",), "Focus the next pane"),
    Action("previous_pane", ("shift+tab",), "Focus the previous pane"),
    Action("previous_screen", ("[",), "Previous screen"),
    Action("next_screen", ("]",), "Next screen", foot="Screens", rank=5),
    Action("freeze", ("space",), "Freeze the panes for up to 60 s; the figures above stay live"),
    Action("faster", ("+",), "Refresh more often, up to 4 Hz"),
    Action("slower", ("-",), "Refresh less often, down to 0.5 Hz"),
    Action("spread", ("s",), "Spread & state: the pair, its legs, gate and funding window", foot="Spread", rank=6),
    Action("rounds", ("o",), "Rounds and their reports", foot="Rounds", rank=6),
    Action("write_report", ("w",), "Write the report of the running round now", danger=NOTE, foot="Report", rank=6),
    Action("holder", ("i",), "Who holds the single-instance lock", foot="Lock", rank=8),
    Action("ack", ("a",), "Acknowledge the newest alert", danger=NOTE, foot="Ack", rank=7),
    Action("ack_all", ("A",), "Acknowledge all alerts", danger=NOTE),
    Action("copy", ("y",), "Copy the focused pane to the clipboard (OSC 52)"),
    Action("sort_price", ("P",), "Sort orders by price; again: the other way; a third time: as they were", OVERVIEW),
    Action("sort_size", ("Q",), "Sort orders and positions by size", OVERVIEW),
    Action("sort_age", ("T",), "Sort orders by age", OVERVIEW),
    Action("sort_profit", ("U",), "Sort positions by unrealised PnL, the worst first", OVERVIEW),
    Action("sort_liquidation", ("L",), "Sort positions by liquidation buffer, the nearest first", OVERVIEW),
    Action("mouse", ("m",), "Mouse on or off: off lets the terminal select text"),
    Action("previous_pair", ("up",), "Choose the previous pair", SPREAD),
    Action("next_pair", ("down",), "Choose the next pair", SPREAD, foot="Pair", rank=3),
    Action("window_shorter", ("<",), "A shorter window of the chart: 24h, 4h, 1h, 5m", SPREAD),
    Action("window_longer", (">",), "A longer window of the chart", SPREAD, foot="Window", rank=3),
    Action("chart_alone", ("enter",), "The chart alone, and all panes again", SPREAD),
    Action("copy_path", ("y",), "Copy the report's path (OSC 52)", ROUNDS, foot="Copy path", rank=3),
    Action("show_path", ("e",), "Show the report's path", ROUNDS, foot="Path", rank=3),
    Action("sort_net", ("P",), "Sort rounds by their PnL, the worst first", ROUNDS),
    Action("open_report", ("enter",), "Read the chosen report", ROUNDS, foot="Read", rank=3),
    Action("risk", ("r",), "Risk: limits, liquidation buffers, what if, stops, reduce bands", foot="Risk", rank=6),
    Action("limits_up", ("up",), "Back in the limits", RISK),
    Action("limits_down", ("down",), "On in the limits", RISK),
    Action("execution", ("x",), "Execution: latency, fills, markout, slippage, refusals, venue budgets"),
    Action("next_alone", ("right",), "The next pane alone, hidden ones too", EXECUTION, foot="Next pane", rank=3),
    Action("previous_alone", ("left",), "The pane before it alone", EXECUTION),
    Action("worst_list", ("k",), "Orders: slowest, worst slippage, newest, refused; Enter in the pane alone opens one",
           EXECUTION, foot="Orders", rank=4),
    Action("why", ("W",), "Why not? For each strategy and symbol the stage that says no, how often and why"),
    Action("previous_column", ("up",), "Choose the strategy and symbol before", WHY),
    Action("next_column", ("down",), "Choose the next strategy and symbol", WHY, foot="Symbol", rank=3),
    Action("copy_why", ("y",), "Copy the stages and their counts (OSC 52)", WHY, foot="Copy", rank=4),
    Action("copy_timeline", ("y",), "Copy the timeline (OSC 52)", TIMELINE, foot="Copy", rank=4),
    Action("lab", ("b",), "Lab screen", later=True),
    Action("hotlist", ("h",), "Hotlist screen", later=True),
    Action("audit", ("u",), "Audit: a journal step by step, what was decided and why, the state then"),
    Action("audit_back", (",", "up"), "A step back", AUDIT, foot="Back", rank=3),
    Action("audit_on", (".", "down"), "A step on", AUDIT, foot="Step", rank=3),
    Action("audit_back_ten", ("<",), "Ten steps back", AUDIT),
    Action("audit_on_ten", (">",), "Ten steps on", AUDIT),
    Action("audit_page_back", ("pageup",), "A page back", AUDIT),
    Action("audit_page_on", ("pagedown",), "A page on", AUDIT),
    Action("audit_first", ("home",), "The first step", AUDIT),
    Action("audit_last", ("end",), "The newest step", AUDIT),
    Action("audit_play", ("space",), "Play or stop, at the speed that the banner shows", AUDIT, foot="Play", rank=3),
    Action("audit_faster", ("+",), "Play faster: x1, x10, x100, x1000 of recorded time", AUDIT, foot="Speed", rank=5),
    Action("audit_slower", ("-",), "Play slower", AUDIT),
    Action("audit_goto", ("g",), "Go to a time (UTC) or a step: 13:02, 13:02:11, #1234", AUDIT, foot="Go to", rank=3),
    Action("audit_details", ("enter",), "All of the step under the cursor; Esc goes back", AUDIT, foot="All", rank=4),
    Action("audit_journals", ("J",), "Choose another journal", AUDIT, foot="Journal", rank=4),
    Action("audit_copy", ("y",), "Copy the step under the cursor (OSC 52)", AUDIT),
    Action("config", ("c",), "Config & self-check: values in force with their origin, checks"),
    Action("logs", ("l",), "Logs: the newest 10,000 lines, by level and text"),
    Action("filter", ("/",), "Show only rows with a text (Config), search (Logs)"),
    Action("level_debug", ("1",), "Every line", LOGS),
    Action("level_info", ("2",), "info and above", LOGS),
    Action("level_warn", ("3",), "WARN and above", LOGS, foot="WARN", rank=3),
    Action("level_error", ("4",), "ERROR and above", LOGS),
    Action("level_crit", ("5",), "CRIT only", LOGS),
    Action("only", ("&",), "Show only lines with a text", LOGS, foot="Only", rank=4),
    Action("find_next", ("n",), "Next line found by /, else the next WARN or worse", LOGS, foot="Next", rank=3),
    Action("find_previous", ("N",), "The one before it", LOGS),
    Action("jump", ("t",), "Jump to a time of day, UTC", LOGS, foot="Time", rank=4),
    Action("export", ("e",), "Write the lines that are shown to a file", LOGS, foot="Export", rank=5),
    Action("follow", ("F",), "Follow the newest line again", LOGS, foot="Follow", rank=3),
    Action("copy_rows", ("y",), "Copy the rows that are shown (OSC 52)", LOGS, foot="Copy", rank=4),
    Action("sort_key", ("K",), "Sort the values by key", CONFIG),
    Action("sort_origin", ("O",), "Sort the values by origin, what was set first", CONFIG),
    Action("copy_values", ("y",), "Copy the values that are shown (OSC 52)", CONFIG, foot="Copy", rank=4),
    Action("venues", ("v",), "Venues & streams: what is up, ages, allowances, accounts, funding"),
    Action("scheduler", ("j",), "Scheduler: what happens next and when, finished rounds, state history"),
)  # fmt: skip

# Never bound to anything that trades: tails of torn escape sequences, tmux and screen prefixes, shell habits,
# aliases of other keys, editing keys, telnet and mosh escapes, keys that terminals send differently.
_TAILS = (*"ABCD", "F", "H", "I", "M", *"OPQRS", "Z", "~", *"0123456789", "escape", "enter")
_CONTROL = tuple(f"ctrl+{c}" for c in ("b", "a", "c", "d", "z", "\\", "s", "q", *"hijm", "[", *"ekuvwxy", "]", "^"))
NEVER_TRADE = frozenset((*_TAILS, *_CONTROL, "f1", "f2", "f3", "f4", "f5", "f10", "f11"))
TYPED_AFTER = frozenset({"rearm"})  # R is safe: it opens a modal with a typed word

_TEXTUAL = {
    "?": "question_mark", ":": "colon", "/": "slash", "[": "left_square_bracket", "]": "right_square_bracket",
    "+": "plus", "-": "minus", "~": "tilde", "&": "ampersand",
    "<": "less_than_sign", ">": "greater_than_sign", ".": "full_stop", ",": "comma",
}  # fmt: skip


def textual_key(key: str) -> str:
    """The name that the toolkit gives to a key."""
    return _TEXTUAL.get(key, key)


def built() -> tuple[Action, ...]:
    """The actions that exist now."""
    return tuple(action for action in ACTIONS if not action.later)


def of_scope(actions: Iterable[Action], scope: str) -> list[Action]:
    return [action for action in actions if action.scope == scope and not action.later]


def faults(actions: Iterable[Action]) -> list[str]:
    """Every broken rule of the keymap as one sentence; empty when it is sound."""
    actions = [action for action in actions if not action.later]
    found = []
    for action in actions:
        for key in action.keys:
            if action.danger in TRADES and key in NEVER_TRADE and action.name not in TYPED_AFTER:
                found.append(f"Expected a key that no torn sequence or habit sends for {action.name}, was {key}")
    if not any(action.name == "emergency" and action.keys for action in actions):
        found.append("Expected at least one key for emergency, was none")
    fixed = {key: action.name for action in actions if action.fixed for key in action.keys}
    for action in actions:
        if not action.fixed:
            found += [
                f"Expected {key} to mean {fixed[key]} everywhere, was {action.name} in {action.scope}"
                for key in action.keys
                if key in fixed
            ]
    seen: dict[tuple[str, str], str] = {}
    for action in actions:
        for key in action.keys:
            other = seen.setdefault((action.scope, key), action.name)
            if other != action.name:
                found.append(f"Expected one meaning of {key} in {action.scope}, was {other} and {action.name}")
    return found


def rebind(keys: Mapping[str, str | list[str]], actions: tuple[Action, ...] = ACTIONS) -> tuple[Action, ...]:
    """The registry with the config's `keys:` (action name -> key or keys). Raises ConfigError naming the rule broken.

    EMERGENCY keeps ctrl+g and f12 whatever the config says; further keys may be added to it.
    """
    known = {action.name for action in actions}
    for name in keys:
        if name not in known:
            raise ConfigError(f"keys: Expected the name of an action, was {name} (see `perpconsole keys`)")
    made = []
    for action in actions:
        if action.name in keys:
            given = keys[action.name]
            new = tuple([given] if isinstance(given, str) else given)
            if not new or not all(isinstance(key, str) and key.strip() for key in new):
                raise ConfigError(f"keys.{action.name}: Expected at least one key, was {given!r}")
            if action.name == "emergency" and not set(action.keys) <= set(new):
                raise ConfigError(f"keys.emergency: Expected ctrl+g and f12 to stay, was {', '.join(new)}")
            action = replace(action, keys=new)
        made.append(action)
    broken = faults(made)
    if broken:
        raise ConfigError("keys: " + broken[0])
    return tuple(made)


def help_rows(actions: Iterable[Action], scope: str) -> list[tuple[str, str, str]]:
    """(keys, what it does, danger) of one scope; the nine zooms are one row."""
    rows = []
    for action in of_scope(actions, scope):
        if action.name == "zoom_1":
            rows.append(("1-9", "Zoom a pane by its number", VIEW))
        elif not action.name.startswith("zoom_") or action.name == "zoom_focused":
            rows.append((action.label, action.does, action.danger))
    return rows


def footer(actions: Iterable[Action], screen: str) -> list[Action]:
    """What the footer of `screen` shows, most important first."""
    shown = [a for a in actions if a.foot and not a.later and a.scope in (GLOBAL, screen)]
    return sorted(shown, key=lambda a: a.rank)


EMERGENCY_CARD = (
    ("p  Pause", "pulls the quotes, keeps exits and stops; p again resumes", "perpconsole pause"),
    ("^G  EMERGENCY", "no new risk, our open orders cancelled until the venue says 0, positions kept, latched",
     "perpconsole halt"),
    ("f  Flatten", "the same, then closes every position reduce-only until the venue says 0", "perpconsole flatten"),
    ("q s  Stop", "cancels, verifies, ends the process; positions kept, no latch", "SIGTERM"),
    ("any terminal", "if this console is dead: halts and flattens without it", "perpconsole panic"),
)  # fmt: skip
SECOND_PRESS = (
    "A second, separate press of ^G flattens: 0.5-5 s after the first, after HALTED is shown. Holding it does not."
)


def keys_text(actions: Iterable[Action] = ACTIONS, screen: str | None = None) -> str:
    """The help as text, for `perpconsole keys`: keys of the screens, global keys, the emergency card."""
    actions = list(actions)
    lines = []
    order = [screen] if screen else [s for s in (*SCREENS, TIMELINE) if of_scope(actions, s)]
    for scope in [*order, GLOBAL]:
        lines.append(scope.upper())
        lines += [f"  {keys:<14}{does}" for keys, does, _ in help_rows(actions, scope)]
        lines.append("")
    lines.append("EMERGENCY CARD")
    lines += [f"  {key:<14}{does}  ({twin})" for key, does, twin in EMERGENCY_CARD]
    lines.append(f"  {SECOND_PRESS}")
    return "\n".join(lines)

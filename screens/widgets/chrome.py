"""What stands on every screen: banner, KPI rows, action line, footer. Text, shape and colour say the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.domain.snapshot import Snapshot, State
from screens import format as fmt
from screens.actions import Action
from screens.view import View
from screens.widgets.lines import Line

MODE_STYLE = {"PAPER": "paper", "TESTNET": "testnet", "LIVE": "live", "REPLAY": "replay"}
STOPS = ("HALTING", "HALTED", "FLATTENING", "FLAT")
RUN_WORD = {"RUNNING": "ARMED"}
AFTER_STOP = ("HALTED", "FLAT")
OF_PAIRS = {"next_pair": 2}  # keys that the footer names only beside so many pairs


def mode_word(snap: Snapshot) -> str:
    """The mode in one word, as the banner says it."""
    return "LOOPBACK" if snap.mode == "TESTNET" and snap.network == "loopback" else snap.mode


def mode_text(view: View, snap: Snapshot, width: int) -> str:
    """The banner's first words."""
    sign = view.theme.sign
    if snap.mode == "LIVE":
        h = sign("hatch3")
        return f"{h} LIVE {h} REAL MONEY {h} {snap.account}".rstrip()
    if snap.mode == "REPLAY":
        b = sign("back")
        return f"{b} REPLAY {fmt.date_time(snap.ts)} {sign('dash')} not now"
    if snap.mode == "TESTNET":
        h = sign("hatch2")
        if snap.network == "loopback":
            return f"{h} LOOPBACK {h} play money on this machine"
        return f"{h} TESTNET {h} play money at {snap.venue or fmt.UNKNOWN}"
    h = sign("hatch")
    return f"{h} PAPER {h} simulated money" if width >= 100 else f"{h} PAPER {h}"


def run_text(snap: Snapshot) -> str:
    """ARMED, PAUSED, COOLDOWN with its countdown."""
    state = snap.state
    word = RUN_WORD.get(state.run, state.run)
    if state.run == "COOLDOWN" and state.until is not None:
        return f"{word} {fmt.ms(state.until - snap.ts)}"
    return word


def stop_text(view: View, snap: Snapshot, short: bool = False) -> str:
    """The stop's progress; `short` without the nouns and keys. Done is said only when the venue confirmed it."""
    state, dot = snap.state, view.theme.sign("dot")
    sure = state.verified in ("clean", "sealed")
    left = state.orders_left
    if left:
        orders = f"CANCELLING {state.orders_at_stop - left}/{state.orders_at_stop}"
    else:
        orders = f"orders 0/{state.orders_at_stop} left" if sure else "orders 0 UNVERIFIED"
    if state.run == "FLATTENING":
        positions = f"CLOSING {state.positions_left}"
    elif state.run == "FLAT":
        positions = "positions 0" + ("" if sure else " UNVERIFIED")
    else:
        kept = f"KEPT {state.positions_left}" if short else f"positions KEPT {state.positions_left}"
        positions = kept if state.positions_left else "positions 0"
    keys = () if short else {"HALTED": ("f flatten", "R re-arm"), "FLAT": ("R re-arm",)}.get(state.run, ())
    tail = "".join(f" {dot} {key}" for key in keys)
    foreign = f" {dot} foreign {state.foreign_orders}/{state.foreign_positions}" if (
        state.foreign_orders or state.foreign_positions) else ""  # fmt: skip
    return f"{orders} {dot} {positions}{_more_of_stop(state, dot, short)}{foreign}{tail}"


def _more_of_stop(state: State, dot: str, short: bool) -> str:
    """What does not let it end, and what no order can close."""
    said = [state.trouble.partition(" ")[0] if short else state.trouble, "DUST" if short and state.dust else state.dust]
    return "".join(f" {dot} {text}" for text in said if text)


def _stop_ways(view: View, snap: Snapshot, width: int) -> tuple[list[Line], Line]:
    """The banner of a stop in ever fewer words, and what stands at its end; the keys stand in the footer too."""
    state, sq = snap.state, view.theme.sign("sq")
    word = {"FLATTENING": "FLATTEN", "FLAT": "FLAT"}.get(state.run, "EMERGENCY STOP")
    mode = mode_word(snap)
    at = fmt.clock(state.since)
    heads = ((f"{word} {at} {sq}", False), (f"{word} {at} {sq}", True), (f"{state.run} {at} {sq}", True))
    ways = []
    if state.evidence:  # its report by name, where there is room for it
        name = f"{view.theme.sign('dot')} {state.evidence.rpartition('/')[2]}"
        ways.append(Line((f"{sq} {heads[0][0]} {stop_text(view, snap)} {name} ", "halted")))
    for head, short in (*heads, (state.run, True)):
        ways.append(Line((f"{sq} {head} {stop_text(view, snap, short)} ", "halted")))
    for way in ways:
        for text, style in _flags(view, snap):
            way.add(text, style)
    return ways, Line((f" {mode} ", MODE_STYLE.get(snap.mode, "paper")), (" ", "halted")).extend(life(view))


def _fitted(ways: Sequence[Line], tails: Sequence[Line], width: int, ground: str, more: str) -> Line:
    """The first words that fit with the first end that fits; then without an end, then shortened with a sign."""
    for way in ways:
        for tail in tails:
            if way.width + tail.width <= width:
                return Line().extend(way).pad(width - tail.width, ground).extend(tail)
    fits = next((way for way in ways if way.width <= width), None)
    return (fits or Line((fmt.shorten(ways[-1].plain, width, more), ground))).pad(width, ground)


def banner(view: View, width: int) -> tuple[Line, str]:
    """The first row and the style of its ground."""
    snap, sign = view.snapshot, view.theme.sign
    if snap is None:
        line = Line((" perpconsole ", "chip.note"), ("  waiting for the core", "text"))
        return line.right(life(view), width), "bar"
    more = sign("more")
    if snap.state.run in STOPS:
        ways, end = _stop_ways(view, snap, width)
        return _fitted(ways, (end,), width, "halted", more), "halted"
    ground = MODE_STYLE.get(snap.mode, "paper")
    full = mode_text(view, snap, width)
    ways = []
    for text in dict.fromkeys((full, " ".join(full.split(" ")[:3]), " ".join(full.split(" ")[:2]))):
        ways.append(Line((f" {text}  ", ground), (f" {run_text(snap)} ", "chip.note")))
        for flag, style in _flags(view, snap):
            ways[-1].add(" ", ground).add(flag, style)
        ways[-1].add(" ", ground)
    return _fitted(ways, _ends(view, snap, width, ground), width, ground, more), ground


def _ends(view: View, snap: Snapshot, width: int, ground: str) -> list[Line]:
    """The round, the time and the signs of life; then less of it."""
    tail = Line()
    r = snap.round
    if r.number:
        length = f"/{fmt.hms(r.length_ns)[:5]}" if r.length_ns else ""
        of = f"/{r.of}" if r.of else ""
        tail.add(f"round {r.number}{of} {fmt.hms(r.elapsed_ns)}{length} ", ground)
    if snap.kernels.form != "compiled" and snap.kernels.of and snap.kernels.done < snap.kernels.of:
        tail.add(f" compiling {snap.kernels.done}/{snap.kernels.of} ", "chip.note")
    wide = Line().extend(tail)
    if width >= 100 and view.utc:
        wide.add(f" UTC {fmt.clock(view.utc)}  ", ground)
    return [Line().extend(part).extend(life(view)) for part in (wide, tail, Line())]


def _flags(view: View, snap: Snapshot) -> list[tuple[str, str]]:
    state = snap.state
    flags = []
    if not state.attended:
        left = "" if state.grace_until is None else f" {fmt.ms(state.grace_until - snap.ts)}"
        flags.append((f" UNATTENDED{left} ", "chip.warn"))
    if state.read_only or view.read_only:
        flags.append((" READ-ONLY ", "chip.note"))
    if state.canary:
        flags.append((" CANARY ", "chip.warn"))
    if view.frozen_ns is not None:
        flags.append((f" FROZEN {fmt.ms(view.frozen_ns)} ", "chip.warn"))
    return flags


def life(view: View) -> Line:
    """Signs of life: the core's age, the console's own beat, alerts that wait."""
    sign = view.theme.sign
    if view.core_dead:
        line = Line((f" CORE DEAD {view.core_dead} ", "chip.crit"))
    elif view.snapshot is None:
        line = Line((f" core {sign('half')} ", "chip.note"))
    elif view.quiet:
        line = Line((f" core {sign('half')} {fmt.age(view.silence_ns)} ", "chip.crit"))
    else:
        line = Line((f" core {sign('on')} {fmt.age(view.silence_ns)} ", "bar"))
    line.add(f"ui {sign('on') if view.beat else sign('off')} ", "bar")
    waiting = [] if view.snapshot is None else [a for a in view.snapshot.alerts if not a.acked and a.level != "info"]
    if waiting:
        line.add(f" {len(waiting)}! ", "chip.crit" if any(a.level == "crit" for a in waiting) else "chip.warn")
    return line


def action_line(view: View, width: int) -> Line:
    """What was sent and what came of it, newest last, or the console's own hint."""
    line = Line(("> ", "key"))
    if view.note:
        return line.add(fmt.shorten(view.note, width - 3, view.theme.sign("more")), view.note_level)
    snap = view.snapshot
    shown: list[Line] = []
    room = width - 3
    for action in reversed(snap.actions if snap is not None else ()):
        part = Line((fmt.clock(action.ts) + " ", "dim"), (action.text, "text" if action.ok else "warn"))
        if shown and part.width + 3 > room:
            break
        if part.width > room:
            part = Line((fmt.clock(action.ts) + " ", "dim"))
            part.add(fmt.shorten(action.text, room - part.width), "text" if action.ok else "warn")
        shown.append(part)
        room -= part.width + 3
    for n, part in enumerate(reversed(shown)):
        line.add(f" {view.theme.sign('dot')} " if n else "", "dim").extend(part)
    return line


def footer(actions: Iterable[Action], width: int, view: View) -> Line:
    """The keys of the present screen, as many as fit."""
    line = Line((" ", "bar"))
    snap = view.snapshot
    run = snap.state.run if snap is not None else ""
    for action in actions:
        key = {"ctrl+g": "^G"}.get(action.keys[0], action.keys[0])
        word = action.foot
        if action.name == "pause" and snap is not None and snap.state.run == "PAUSED":
            word = "Resume"
        if action.name == "emergency" and width < 100:
            word = "STOP"
        if action.name == "next_screen":
            key = "[ ]"
        if len(snap.pairs if snap is not None else ()) < OF_PAIRS.get(action.name, 0):
            continue
        if action.name == "next_pair":
            key = "up down"
        if action.name == ("rearm" if run not in AFTER_STOP else "pause"):
            continue  # does nothing now
        if action.name == "quit" and view.can_detach:
            key, word = "q d", "Quit/Detach"
        part = Line((key, "bar.stop" if action.name == "emergency" else "bar.key"), (f" {word}  ", "bar"))
        if line.width + part.width <= width:
            line.extend(part)
    return line

"""The emergency key: raw bytes to presses, presses to halt and flatten (CONSOLE.md 0.5, UC-05)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.keyhook import MS, SETTLE_NS, EmergencyKey, KeyHook, KeyScanner

S = 1000 * MS


def flattens(times: list[int], drawn_at: int | None = 0, double: bool = True, end: int | None = None) -> int:
    """How often the machine flattens when pressed at `times` (ns), polled every 50 ms."""
    key, count, drawn = EmergencyKey(double), 0, False
    marks = sorted([(t, 1) for t in times] + [(t, 2) for t in range(0, (end or max(times) + 2 * S), 50 * MS)])
    for t, kind in marks:
        if drawn_at is not None and not drawn and t >= drawn_at:
            key.halted_drawn()
            drawn = True
        if kind == 1:
            key.press(t)
        else:
            count += key.due(t)
    return count


@pytest.mark.parametrize("gap_ms", [501, 700, 1000, 3000, 5000])
def test_a_second_separate_press_flattens_once(gap_ms: int) -> None:
    assert flattens([0, gap_ms * MS]) == 1


@pytest.mark.parametrize("gap_ms", [0, 30, 250, 499, 5001, 20_000])
def test_a_press_too_soon_or_too_late_only_halts(gap_ms: int) -> None:
    assert flattens([0, gap_ms * MS]) == 0


def test_nothing_flattens_before_the_halted_frame_was_drawn() -> None:
    assert flattens([0, 1 * S], drawn_at=None) == 0
    assert flattens([0, 1 * S], drawn_at=2 * S) == 0


def test_the_switch_turns_it_off() -> None:
    assert flattens([0, 1 * S], double=False) == 0


def test_after_a_late_press_the_count_starts_again() -> None:
    assert flattens([0, 9 * S, 10 * S]) == 1


def test_rearming_forgets_the_first_press() -> None:
    key = EmergencyKey()
    key.halted_drawn()
    key.press(0)
    key.cleared()
    key.halted_drawn()
    key.press(1 * S)
    assert not key.due(3 * S)


@given(
    delay=st.integers(150, 1000),
    gap=st.integers(20, 390),
    count=st.integers(1, 120),
    jitter=st.lists(st.integers(0, 8)),
)
def test_a_held_key_never_flattens(delay: int, gap: int, count: int, jitter: list[int]) -> None:
    """UC-05: first repeat after 0.15-1 s, then at least 2.5 a second, for as long as one likes."""
    t, times = delay, [0, delay]
    for i in range(count):
        t += gap + (jitter[i % len(jitter)] if jitter else 0)
        times.append(t)
    assert flattens([x * MS for x in times], end=(t + 3000) * MS) == 0


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=40))
def test_flatten_needs_a_press_with_quiet_before_and_after_and_a_halt_before(times_ms: list[int]) -> None:
    times = sorted(t * MS for t in times_ms)
    lonely = [
        t
        for i, t in enumerate(times)
        if (i > 0 and t - times[i - 1] >= 500 * MS) and (i + 1 == len(times) or times[i + 1] - t >= SETTLE_NS)
    ]
    assert flattens(times, end=25 * S) <= len(lonely)


# --- bytes --------------------------------------------------------------------------------------------------------
PRESSES = {
    b"\x07": 1, b"\x07\x07\x07": 3, b"\x1b[103;5u": 1, b"\x1b[103;5:1u": 1, b"\x1b[103;69u": 1, b"\x1b[103;133u": 1,
    b"\x1b[24~": 1, b"\x1b[24;1~": 1, b"\x1b[24;129~": 1, b"abc\x07def": 1, b"\x1b\x07": 1, b"\x1b]\x07": 1,
    b"\x1b[\x07": 1, b"\x1b[103;5:3u": 0, b"\x1b[103;6u": 0, b"\x1b[103u": 0, b"\x1b[24;2~": 0, b"\x1b[A": 0, b"g": 0,
    b"\x1b[103;5": 0, b"\x1b[23~": 0, b"\x1b[200~fF\x07\x1b[201~": 0, b"\x1b[200~x\x1b[201~\x07": 1,
    b"\x1b[<0;24;7M": 0, b"\x1b[10;3R": 0,
}  # fmt: skip


@pytest.mark.parametrize(("data", "count"), PRESSES.items())
def test_the_scanner_knows_every_form_of_the_key(data: bytes, count: int) -> None:
    assert KeyScanner().feed(data) == count


@pytest.mark.parametrize(("data", "count"), PRESSES.items())
def test_bytes_that_come_one_by_one_count_the_same_outside_pastes(data: bytes, count: int) -> None:
    scanner = KeyScanner()
    if b"200~" in data:  # a lone 0x07 read always counts, pasted or not: it can only halt
        count = 1
    assert sum(scanner.feed(data[i : i + 1]) for i in range(len(data))) == count


def test_a_paste_whose_end_was_lost_cannot_swallow_the_key() -> None:
    scanner = KeyScanner()
    assert scanner.feed(b"\x1b[200~some text") == 0
    assert scanner.feed(b"\x07") == 1


@given(st.binary(max_size=200))
def test_random_bytes_without_the_key_are_no_press(data: bytes) -> None:
    data = data.replace(b"\x07", b"").replace(b"103;", b"").replace(b"24", b"")
    scanner = KeyScanner()
    assert scanner.feed(data) == 0


# --- the hook -----------------------------------------------------------------------------------------------------
def test_each_press_halts_at_once_and_the_second_flattens_after_it_stayed_alone() -> None:
    now, halts, flats = [0], [], []
    hook = KeyHook(halts.append, flats.append, lambda: 1_000 + now[0], lambda: now[0])
    hook.feed(b"\x07")
    assert halts == [1_000]
    hook.halted_drawn()
    now[0] = 1 * S
    hook.feed(b"\x1b[24~")
    assert len(halts) == 2
    hook.poll()
    assert flats == []
    now[0] += SETTLE_NS
    hook.poll()
    hook.poll()
    assert flats == [1_000 + S]


@pytest.mark.parametrize("form", [b"\x07", b"\x1b[103;5u", b"\x1b[24~", b"\x1b[24;1:1~", b"\x07\x07"])
def test_a_read_of_nothing_but_the_key_counts_in_a_paste_whose_end_was_lost(form: bytes) -> None:
    """CONSOLE.md 0.5: terminals that send keys in their long form have no other way out of such a paste."""
    scanner = KeyScanner()
    scanner.feed(b"\x1b[200~what was pasted")
    assert scanner.feed(form) >= 1
    assert scanner.feed(b"x\x07") == 1, "the paste is over"


@pytest.mark.parametrize("form", [b"\x1b[103;5:3u", b"x\x07", b"\x1b[103;6u", b"\x1b[A"])
def test_what_is_not_the_key_alone_leaves_a_paste_a_paste(form: bytes) -> None:
    scanner = KeyScanner()
    scanner.feed(b"\x1b[200~what was pasted")
    assert scanner.feed(form) == 0 and scanner.feed(b"f\x07") == 0

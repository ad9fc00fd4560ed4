"""Raw bytes to events: what the toolkit's parser cannot read, or reads too much into, never reaches the App."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from app.keyhook import KeyHook
from app.rawinput import RawInput

SIZE = (120, 40)


class Line:
    """One input with its hook."""

    def __init__(self) -> None:
        self.halts: list[int] = []
        self.raw = RawInput(KeyHook(self.halts.append, lambda t: None, lambda: 1, lambda: 1), lambda: SIZE)

    def typed(self, *chunks: bytes) -> list[str]:
        """Keys by name, other events by type, in order."""
        found = [event for chunk in chunks for event in self.raw.feed(chunk)]
        return [event.key if isinstance(event, events.Key) else type(event).__name__ for event in found]


UNREADABLE = (
    b"\x1b[1;1:1u", b"\x1b[102;1:3u", b"\x1b[103;5:1u", b"\x1b[99999999u", b"\x1b[;;1114112u", b"\x1b[1:2;3u",
    b"\x1b[99999999999999999999R", b"\x1b[:;1u",
)  # fmt: skip


@pytest.mark.parametrize("sequence", UNREADABLE)
def test_a_sequence_that_the_parser_cannot_read_is_dropped_and_the_next_key_counts(sequence: bytes) -> None:
    line = Line()
    assert line.typed(sequence + b"p") == ["p"]
    assert line.raw.dropped == 1


def test_the_kitty_form_with_its_kind_halts_and_leaves_the_input_alive() -> None:
    """UC-05: the toolkit alone would end the App at the first press."""
    line = Line()
    assert line.typed(b"\x1b[103;5:1u", b"\x1b[103;5:1u", b"f") == ["f"]
    assert len(line.halts) == 2


@pytest.mark.parametrize(
    "inside",
    [
        b"fFp\r",
        b"\x1bf\x1bf\x1bp",
        b"\x1b" + b"p" * 40,
        b"\x1b[A\x1b[24~",
        b"\x1b[20",
        b"\x1b\x1b\x1b",
        b"\x07",
        b"\xff",
    ],
)
def test_a_bracketed_paste_is_one_event_however_it_is_cut(inside: bytes) -> None:
    """CONSOLE 0.4: nothing in it is a key, also not behind an escape."""
    data = b"\x1b[200~" + inside + b"\x1b[201~p"
    if inside != b"\x07":
        assert Line().typed(data) == ["Paste", "p"]
        assert Line().typed(*(data[i : i + 1] for i in range(len(data)))) == ["Paste", "p"]
    for at in range(1, len(data)):
        keys = Line().typed(data[:at], data[at:])
        assert keys == ["Paste", "p"], at


def test_a_paste_whose_start_came_in_two_pieces_with_a_pause_is_still_one(now: list[float]) -> None:
    """The toolkit took the escape for the key Esc meanwhile."""
    line = Line()
    line.typed(b"\x1b")
    now[0] += 0.3
    assert [event.key for event in line.raw.tick() if isinstance(event, events.Key)] == ["escape"]
    keys = line.typed(b"[200~fp\x1b[201~")
    assert keys[-1] == "Paste" and not {"f", "p"} & set(keys)


def test_a_paste_without_an_end_is_ended_by_the_emergency_key() -> None:
    line = Line()
    assert line.typed(b"\x1b[200~some text", b"ffff") == []
    assert line.typed(b"\x07", b"f") == ["ctrl+g", "f"]
    assert len(line.halts) == 1


def test_a_size_among_the_keys_is_the_kernels() -> None:
    line = Line()
    resize = next(iter(line.raw.feed(b"\x1b[48;99999999;99999999;1;1t")))
    assert isinstance(resize, events.Resize)
    assert resize.size == SIZE


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_break_it(chunks: list[bytes]) -> None:
    line = Line()
    line.typed(*chunks)
    line.raw.close()


@given(st.text(alphabet="0123456789;:?<uRMmt~AP", max_size=24))
def test_no_sequence_breaks_it(body: str) -> None:
    line = Line()
    line.typed(b"\x1b[" + body.encode())
    assert line.typed(b"\x1b[200~\x1b[201~", b"p")[-1] == "p"

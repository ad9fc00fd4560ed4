"""What the toolkit draws for a terminal with less than all signs and colours."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import Monochrome

from app.plain import AsciiOnly, filters
from screens.theme import Theme

BLACK = Color(0, 0, 0)
ODD = "╭─┐│┃━┗ ▁▅█░ • Ⅰ → … 漢字 é"


def test_every_sign_becomes_ascii_of_the_same_width() -> None:
    made = AsciiOnly(Theme("mono", ascii_only=True)).apply([Segment("plain"), Segment(ODD)], BLACK)
    assert made[0].text == "plain"
    assert made[1].text.isascii() and cell_len(made[1].text) == cell_len(ODD)


def test_a_heavy_frame_stays_heavier_than_a_thin_one() -> None:
    theme = Theme("default", ascii_only=True)
    assert (theme.text("┏━┓"), theme.text("╭─╮"), theme.text("┃│")) == ("###", "+-+", "#|")


def test_filters_are_what_the_theme_needs() -> None:
    assert filters(Theme(), False) == []
    assert [type(one) for one in filters(Theme("mono"), False)] == [Monochrome]
    assert filters(Theme("mono"), True) == [], "the toolkit has made greys already"
    assert [type(one) for one in filters(Theme("default", True), False)] == [AsciiOnly]

"""What must be true of every picture, whatever screen, state, size and palette: of the matrix as it stands on file, and
of the palettes themselves (CONSOLE.md 3: text, shape and colour, so that any one may be missing)."""

from __future__ import annotations

import functools
import itertools
import re

import pytest
from rich.color import Color
from rich.style import Style

from app.console import Console
from app.options import Options
from screens.theme import BACK, PALETTES, Theme
from tests.console import colours, gallery
from tests.console.fabricated import FakeClient, StillClock
from tests.console.gallery import Picture
from tests.console.showcase import BANNERS, CASES

PICTURES = {case.name: case for case in CASES}
GROUNDS = ("ground", "kpi.back", "dialog", "bar")
ALARMS = ("live", "halted", "crit", "chip.crit")  # the only styles that may be red
FRAMES = ("faint", "frame")  # drawn lines only, never a letter
LEAST = 4.5  # WCAG 2.1 AA for text
MODES = ("paper", "testnet", "live", "replay", "halted")
RED_16 = (1, 9)
LIVE_FRAME = set(" ━┃┏┓┗┛")  # round every dialog with real money


@functools.cache
def picture(name: str) -> Picture:
    return gallery.read(gallery.FOLDER / f"{name}.txt")


def words(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def alarm_styles(palette: str) -> set[tuple[str, str]]:
    """(foreground, background) of every style that may be red, on every ground."""
    theme = Theme(palette)
    pairs = set()
    names = ALARMS if palette != "classic" else (*ALARMS, "down", "sell")
    for name, ground in itertools.product(names, GROUNDS):
        style = theme.on(name, ground)
        pairs.add((style.color.name if style.color else "", style.bgcolor.name if style.bgcolor else ""))
    return pairs


def pair_of(style: Style) -> tuple[str, str]:
    return style.color.name if style.color else "", style.bgcolor.name if style.bgcolor else ""


@pytest.mark.parametrize("name", PICTURES)
def test_every_row_is_as_wide_as_the_terminal(name: str) -> None:
    shown = picture(name)
    assert shown.size == PICTURES[name].size
    assert {gallery.cell_len(row) for row in shown.rows} == {PICTURES[name].size[0]}
    assert [len(row) for row in shown.styles] == [PICTURES[name].size[0]] * PICTURES[name].size[1]


@pytest.mark.parametrize("name", PICTURES)
def test_red_is_for_live_halted_and_crit_only_also_in_16_colours(name: str) -> None:
    palette = str(PICTURES[name].options.get("palette", "default")) or "mono"
    allowed = alarm_styles(palette)
    for text, style, y in picture(name).runs():
        alarm = pair_of(style) in allowed or not set(text) - LIVE_FRAME
        red = colours.is_red(style.color) or colours.is_red(style.bgcolor)
        front, back, _ = colours.in_sixteen(style)
        assert alarm or not red, f"row {y}: {text!r} in {style}"
        assert alarm or not {front, back} & set(RED_16) or not text.strip(), f"row {y}: {text!r} in {style}, 16 colours"


@pytest.mark.parametrize("name", PICTURES)
def test_every_word_can_be_read(name: str) -> None:
    """Contrast of each pair of colours that carries a letter or a digit."""
    for text, style, y in picture(name).runs():
        if words(text) and style.color is not None and style.bgcolor is not None:
            ratio = colours.contrast(style.color, style.bgcolor)
            assert ratio >= LEAST, f"row {y}: {text!r} in {style}: {ratio:.1f}"


@pytest.mark.parametrize("name", [name for name, case in PICTURES.items() if case.options.get("ascii_only")])
def test_a_terminal_without_utf8_gets_ascii_only(name: str) -> None:
    rows = picture(name).rows
    odd = {sign for row in rows for sign in row if not sign.isascii()}
    assert not odd, odd


@pytest.mark.parametrize("name", [name for name, case in PICTURES.items() if case.no_color])
def test_no_color_leaves_grey_only(name: str) -> None:
    for _, style, _ in picture(name).runs():
        for color in (style.color, style.bgcolor):
            if color is not None and not color.is_default:
                red, green, blue = color.get_truecolor()
                assert max(red, green, blue) - min(red, green, blue) <= 2, style


# --- banners ----------------------------------------------------------------------------------------------------------
def head(name: str) -> tuple[str, str, tuple[int | None, int | None, bool]]:
    """(words, shape, style in 16 colours) of a banner's beginning."""
    shown = picture(f"overview-{name}")
    row = shown.rows[0].strip()
    style = shown.cells(0)[1][1]
    return row.split("  ")[0], row.split(" ")[0], colours.in_sixteen(style)


@pytest.mark.parametrize("size", ["120x40", "80x24"])
def test_banners_differ_pairwise_in_words_and_shape_and_style_in_16_colours(size: str) -> None:
    heads = {mode: head(f"{mode}-{size}") for mode in MODES}
    for a, b in itertools.combinations(MODES, 2):
        for one, other in zip(heads[a], heads[b]):
            assert one != other, f"{a} and {b} share {one!r}"


@pytest.mark.parametrize("size", ["120x40", "80x24"])
def test_every_banner_says_its_mode_in_words(size: str) -> None:
    said = {"paper": "PAPER", "testnet": "TESTNET", "loopback": "LOOPBACK", "live": "LIVE", "replay": "REPLAY",
            "halted": "PAPER", "halted-live": "LIVE"}  # fmt: skip
    for name in BANNERS:
        row = picture(f"overview-{name}-{size}").rows[0]
        assert said[name] in row and "core" in row, row
        assert ("HALTED" in row or "EMERGENCY STOP" in row) is name.startswith("halted"), row


def test_shapes_of_the_banners_differ_in_ascii_too() -> None:
    signs = Theme("mono", ascii_only=True)
    shapes = [signs.sign(name) for name in ("hatch", "hatch2", "hatch3", "back", "sq")]
    assert len(set(shapes)) == len(shapes)


def test_halted_stands_on_three_rows_and_live_on_one() -> None:
    """CONSOLE.md 3: HALTED turns rows 1-3 reverse."""
    ground = Theme().style("halted").bgcolor
    for name, rows in (("halted-live", 3), ("live", 0)):
        shown = picture(f"overview-{name}-120x40")
        found = [y for y in range(4) if [s.bgcolor for _, s in shown.cells(y)].count(ground) > 60]
        assert found == list(range(rows)), name


# --- palettes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("palette", ["default", "classic"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_every_style_that_carries_words_can_be_read_on_every_ground(palette: str, ground: str) -> None:
    """Mono draws in the terminal's own two colours."""
    theme = Theme(palette)
    for name in PALETTES[palette]:
        style = theme.on(name, ground)
        if name in FRAMES or style.color is None or style.bgcolor is None:
            continue
        assert colours.contrast(style.color, style.bgcolor) >= LEAST, f"{name} on {ground}"


MUST_DIFFER = (("up", "down"), ("buy", "sell"), ("ok", "warn"), ("warn", "crit"), ("ok", "crit"))
CLEAR = 20.0  # of CIE76, about nine times a just noticeable difference


@pytest.mark.parametrize("pair", MUST_DIFFER, ids=["-".join(pair) for pair in MUST_DIFFER])
@pytest.mark.parametrize("eye", ["plain", "protanopia", "deuteranopia"])
def test_the_default_palette_can_be_told_apart_by_colour_blind_eyes(pair: tuple[str, str], eye: str) -> None:
    """Machado et al. 2009."""
    matrix = {"plain": colours.PLAIN_SIGHT, "protanopia": colours.PROTANOPIA, "deuteranopia": colours.DEUTERANOPIA}[eye]
    a, b = (Theme().style(name).color for name in pair)
    assert a is not None and b is not None
    assert colours.difference(a, b, matrix) >= CLEAR


def test_profit_and_loss_and_the_levels_have_a_word_or_shape_in_every_palette() -> None:
    """Classic's green and red need it, mono has nothing else."""
    for ascii_only in (False, True):
        signs = Theme("classic", ascii_only)
        shapes = [signs.sign(name) for name in ("up", "down", "warn", "crit", "ok")]
        assert len(set(shapes)) == len(shapes)


def test_signs_and_words_carry_what_colours_say() -> None:
    """A terminal of 16 colours, or none, loses no meaning: each level of an alert differs by its sign, too."""
    for palette, styles in PALETTES.items():
        assert set(styles) == set(PALETTES["default"]), palette
        levels = [styles[name] for name in ("warn", "crit")]
        assert len(set(levels)) == len(levels), palette


def test_the_palette_without_colours_names_none() -> None:
    found = re.compile(r"#[0-9a-f]{6}|red|green|blue|yellow|cyan|magenta")
    assert not [text for text in PALETTES["mono"].values() if found.search(text)]


async def test_no_color_chooses_the_palette_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Console(FakeClient(None), Options(clock=StillClock()))
    assert app.view.theme.palette == "mono"


def test_the_simulation_is_the_published_one() -> None:
    """Rows sum to one: white stays white; a protan sees pure red as a dark olive."""
    for eye in (colours.PROTANOPIA, colours.DEUTERANOPIA):
        assert all(abs(sum(row) - 1.0) < 2e-5 for row in eye)
    red = colours.seen(Color.parse("#ff0000"), colours.PROTANOPIA)
    assert red == pytest.approx((0.152286, 0.114503, 0.0), abs=1e-6)
    assert colours.contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21.0)
    assert colours.is_red(Color.parse("#b3261e")) and not colours.is_red(Color.parse(BACK))

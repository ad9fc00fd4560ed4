"""Pictures of the console for the README: drives the real App without a terminal and saves what it draws as SVG.

`python -m tools.pictures MODULE:FACTORY [--out F] [--size 120x40] [--seconds 3] [--press f,escape]`; FACTORY() gives a
CoreClient. From code: `await picture(client, path)`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import re
from collections.abc import Sequence
from pathlib import Path

from app.console import Console
from app.options import Options
from core.domain.ports import CoreClient

FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
PREFIX = re.compile(r"terminal-\d+-")
LINE_CLIP = re.compile(r'<clipPath id="t-line-\d+">.*?</clipPath>\s*', re.DOTALL)
CLIP = re.compile(r' clip-path="url\(#t-line-\d+\)"')
TEXT = re.compile(r'<text class="(t-r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
CELL = 12.2  # width of a cell of the toolkit's picture; a row is twice as high
DOTS = [(2.4, -14.5), (2.4, -8.4), (2.4, -2.3), (8.5, -14.5), (8.5, -8.4), (8.5, -2.3), (2.4, 3.8), (8.5, 3.8)]
BLANK = re.compile(r"<text[^>]*>(?:&#160;|\s)*</text>")


def without_web_fonts(svg: str) -> str:
    """The picture must not fetch anything: a monospace font of the reader's machine does."""
    return FONT.sub("", svg).replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")


def slim(svg: str) -> str:
    """The same picture in a third of the bytes: short names, plain blanks, no cells that show nothing."""
    for name in set(PREFIX.findall(svg)):
        svg = svg.replace(name, "t-")
    svg = BLANK.sub("", CLIP.sub("", LINE_CLIP.sub("", svg)))
    return TEXT.sub(_dots, svg).replace("&#160;", "\u00a0")


def _dots(found: re.Match[str]) -> str:
    """Braille as dots of our own: many fonts have none, or wider ones."""
    style, x, y, text = found[1], float(found[2]), float(found[3]), found[4].replace("&#160;", " ")
    if not any("\u2800" < sign <= "\u28ff" for sign in text):
        return found[0]
    made, rest = [], ""
    for at, sign in enumerate(text):
        bits = ord(sign) - 0x2800 if "\u2800" <= sign <= "\u28ff" else 0
        rest += " " if bits else sign
        for bit, (dx, dy) in enumerate(DOTS):
            if bits >> bit & 1:
                made.append(f"M{x + at * CELL + dx:.1f} {y + dy:.1f}h2.4v2.4h-2.4z")
    path = f'<path class="{style}" d="{"".join(made)}"/>'
    return path + (found[0].replace(found[4], rest.replace(" ", "&#160;")) if rest.strip() else "")


async def picture(
    client: CoreClient,
    path: Path,
    size: tuple[int, int] = (120, 40),
    seconds: float = 3.0,
    press: Sequence[str] = (),
    options: Options | None = None,
) -> Path:
    """Run the console on `client` for `seconds`, press the keys, save the screen as .svg (or .png)."""
    app = Console(client, options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(seconds)
        for key in press:
            await pilot.press(key)
            await pilot.pause(0.4)
        svg = slim(without_web_fonts(app.export_screenshot(title="perpconsole")))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        import cairosvg

        cairosvg.svg2png(bytestring=svg.encode(), write_to=str(path), output_width=size[0] * 14)
    else:
        path.write_text(svg, encoding="utf-8")
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="save a picture of the console")
    parser.add_argument("client", help="module:factory of a CoreClient")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/overview.svg"))
    parser.add_argument("--size", default="120x40")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--press", default="")
    given = parser.parse_args()
    module, _, factory = given.client.partition(":")
    client = getattr(importlib.import_module(module), factory)()
    width, _, height = given.size.partition("x")
    press = [key for key in given.press.split(",") if key]
    made = asyncio.run(picture(client, given.out, (int(width), int(height)), given.seconds, press))
    print(made)


if __name__ == "__main__":
    main()

"""What a console that shows hostile data may put on a terminal: printable signs in rows of the right width, and bytes
whose only control sequences are ours."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from rich.cells import cell_len

# what Textual's own driver and compositor write: colours, cursor, modes, erase of a line, sync marks, title stack
ALLOWED = re.compile(r"\x1b\[[0-9;:]*m|\x1b\[[0-9;]*[ABCDHJKfGd]|\x1b\[[?>=<]?[0-9;]*[hlutnqpcm]|\x1b\[\??[0-9;]*\$p")
FLOOD = 4  # combining marks in a row that a name may have
BAD_STYLES = ("blink", "blink2", "underline2", "encircle", "frame", "link")


def wrong_in(app: Any) -> list[str]:
    """Everything in the newest picture that data must not do; [] where nothing is."""
    found: list[str] = []
    width = app.screen.size.width
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        text = "".join(part.text for part in strip)
        if cell_len(text) != width:
            found.append(f"row {y} is {cell_len(text)} cells of {width}: {text[:60]!r}")
        found += [f"row {y}: {why}" for why in wrong_text(text)]
        for part in strip:
            if part.control:
                found.append(f"row {y}: a control segment {part.control}")
            style = part.style
            if style is not None and any(getattr(style, name, None) for name in BAD_STYLES):
                found.append(f"row {y}: style {style} of {part.text[:30]!r}")
            click = (style.meta or {}).get("@click") if style is not None else None
            if click is not None and "quit" in str(click):
                found.append(f"row {y}: a click {click}")
    update = app.screen._compositor.render_full_update()
    found += wrong_bytes(update.render_segments(app.console))
    return found


def wrong_text(text: str) -> list[str]:
    """Signs that a terminal could obey, or be flooded with."""
    found = [f"sign {ord(sign):#x}" for sign in text if not sign.isprintable()]
    run = 0
    for sign in text if not text.isascii() else "":
        run = run + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if run > FLOOD:
            found.append(f"{run} combining marks in a row")
            break
    return found


def wrong_bytes(written: str) -> list[str]:
    """Control signs in what is written that no sequence of ours explains."""
    rest = ALLOWED.sub("", written)
    return [f"{sign!r} in {rest[max(0, at - 20) : at + 20]!r}" for at, sign in enumerate(rest)
            if not sign.isprintable() and sign not in "\r\n"][:5]  # fmt: skip

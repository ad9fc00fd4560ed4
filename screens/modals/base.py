"""The common dialog: drawn lines, keys taken one by one, nothing confirmed by Enter alone or by pasted text.

A dialog starts on Cancel. Keys within 0.15 s of its opening are dropped: an unbracketed paste cannot answer it.
"""

from __future__ import annotations

from textual import events
from textual.containers import Vertical
from textual.screen import ModalScreen

from screens.view import View
from screens.widgets.lines import Line, Lines, to_strip

DEAF_S = 0.15


class Dialog(ModalScreen[str]):
    """Dismisses with "" for cancel or with the answer. Subclasses give `title`, `body(width)` and `key(event)`."""

    title_text = ""
    wide = 64
    timeout_s = 0.0

    DEFAULT_CSS = """
    Dialog { align: center middle; background: #05080c 35%; }
    Dialog > Vertical { width: auto; height: auto; max-width: 100%; border: round #59b2ff; background: #131a23;
        padding: 0 1; }
    Dialog.-live > Vertical { border: heavy #ff4444; }
    Dialog.-ascii > Vertical { border: ascii #59b2ff; }
    Dialog Lines { background: #131a23; }
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self._deaf = True
        self._left_s = self.timeout_s

    def compose(self):
        with Vertical():
            yield Lines(id="dialog")

    def on_mount(self) -> None:
        snap = self.view.snapshot
        self.set_class(snap is not None and snap.mode == "LIVE", "-live")
        self.set_class(self.view.theme.ascii_only, "-ascii")
        self.set_timer(DEAF_S, self._hear)
        if self.timeout_s:
            self.set_interval(1.0, self._tick)
        self.draw()

    def _hear(self) -> None:
        self._deaf = False

    def _tick(self) -> None:
        self._left_s -= 1
        if self._left_s <= 0:
            self.dismiss("")
        else:
            self.draw()

    def show(self, view: View) -> None:
        """A new picture: figures in a dialog stay live too."""
        self.view = view
        self.draw()

    def draw(self) -> None:
        width = min(self.wide, max(self.app.size.width - 6, 20))
        rows = [Line((self.title_text, "title")), Line(), *self.body(width)]
        if self.timeout_s:
            rows.append(Line((f"closes in {self._left_s:.0f} s", "dim")))
        room = max(self.app.size.height - 4, 3)
        lines = self.query_one("#dialog", Lines)
        lines.styles.width = width
        lines.styles.height = min(len(rows), room)
        lines.put([to_strip(row, width, self.view.theme, back="dialog") for row in rows[:room]])

    def body(self, width: int) -> list[Line]:
        raise NotImplementedError

    def take(self, event: events.Key) -> None:
        """One key that is neither Esc nor too early."""

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss("")
        elif not self._deaf:
            self.take(event)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()


class Typed(Dialog):
    """A dialog that is confirmed by typing a word and Enter (a single-letter word needs no Enter)."""

    timeout_s = 15.0

    def __init__(self, view: View, word: str) -> None:
        super().__init__(view)
        self.word = word
        self.typed = ""

    def prompt(self) -> list[Line]:
        """The last rows: Cancel in focus, and what to type."""
        cancel = Line((" Cancel ", "chip.note" if not self.typed else "dim"), ("  Enter or Esc", "dim"))
        if not self.word:
            return [Line(("The core has not told the account's name: cannot be confirmed yet.", "warn")), cancel]
        if len(self.word) == 1:
            return [Line(), cancel.add(f"     {self.word}", "key").add(" do it", "text")]
        ask = Line(
            ("type ", "label"), (self.word, "key"), (" and Enter: ", "label"), (self.typed, "value"), ("▏", "key")
        )
        return [Line(), ask, cancel]

    def take(self, event: events.Key) -> None:
        self._left_s = self.timeout_s
        if event.key == "enter":
            self.dismiss(self.typed if self.word and self.typed == self.word else "")
            return
        if event.key == "backspace":
            self.typed = self.typed[:-1]
        elif event.character is not None and event.is_printable and len(self.typed) < 64:
            self.typed += event.character
            if len(self.word) == 1:
                if self.typed == self.word:
                    self.dismiss(self.typed)
                    return
                self.typed = ""
        self.draw()

"""The common dialog: drawn lines, keys taken one by one, nothing confirmed by Enter alone or by pasted text.

A dialog starts on Cancel and takes keys once none came for 0.15 s: an unbracketed paste cannot answer it, however long
it is and however late its keys are dealt with.
"""

from __future__ import annotations

from typing import TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer

from screens import format as fmt
from screens.view import View
from screens.widgets.lines import Line, Lines, to_strip

DEAF_S = 0.15
STANDS_S = 0.05  # less than any finger needs from one key to the next


Result = TypeVar("Result")


class Modal(ModalScreen[Result]):
    """A screen that leaves once: the keys that wait behind the one that closed it must not close what is below."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Dialog(Modal[str]):
    """Dismisses with "" for cancel or with the answer. Subclasses give `title`, `body(width)` and `key(event)`."""

    title_text = ""
    wide = 64
    timeout_s = 0.0

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > Vertical { width: auto; height: auto; max-width: 100%; border: round #59b2ff; background: #131a23;
        padding: 0 1; }
    Dialog.-live > Vertical { border: heavy #ff4444; }
    Dialog Lines { background: #131a23; }
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view
        self._deaf = True
        self._early = 0  # keys that came too early
        self._quiet: Timer | None = None
        self._left_s = self.timeout_s

    def compose(self):
        with Vertical():
            yield Lines(id="dialog")

    def on_mount(self) -> None:
        snap = self.view.snapshot
        self.set_class(snap is not None and snap.mode == "LIVE", "-live")
        self._wait_for_quiet()
        if self.timeout_s:
            self.set_interval(1.0, self._tick)
        self.draw()

    def _wait_for_quiet(self) -> None:
        """Again from here with every key that comes too early."""
        if self._quiet is not None:
            self._quiet.stop()
        early = self._early
        # through the app's queue and then our own: what waits there was on its way before
        self._quiet = self.set_timer(DEAF_S, lambda: self.app.call_later(self.call_later, self._hear, early))

    def _hear(self, early: int) -> None:
        if early == self._early:
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
        if self.is_mounted:
            self.draw()

    def draw(self) -> None:
        width = min(self.wide, max(self.app.size.width - 6, 20))
        title = [Line((row, "title")) for row in fmt.folded(self.title_text, width)]
        rows = [*title, Line(), *self.body(width)]
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
        elif self._deaf:
            self._early += 1
            self._wait_for_quiet()
        else:
            self.take(event)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()


class Typed(Dialog):
    """A dialog that is confirmed by typing a word and Enter (a single-letter word needs no Enter).

    The Enter that confirms counts once the word has stood for 0.05 s: a burst of bytes does not wait that long.
    """

    timeout_s = 15.0
    hasty = False  # an Enter came too early

    def __init__(self, view: View, word: str) -> None:
        super().__init__(view)
        self.word = word
        self.typed = ""
        self._stands = False  # nothing was typed for a moment
        self._standing: Timer | None = None

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
        return [Line(("Enter once more: it came with the word", "warn")) if self.hasty else Line(), ask, cancel]

    def confirm(self, answer: str) -> None:
        """Enter on the right word."""
        if self._stands:
            self.dismiss(answer)
        else:
            self.hasty = True
            self.changed()

    def changed(self) -> None:
        """Something was typed: the word must stand anew."""
        self._stands = False
        if self._standing is not None:
            self._standing.stop()
        self._standing = self.set_timer(STANDS_S, self._after_what_waits)
        self.draw()

    def _after_what_waits(self) -> None:
        self.app.call_later(self.call_later, self._stood, self.typed)

    def _stood(self, typed: str) -> None:
        self._stands = typed == self.typed

    def take(self, event: events.Key) -> None:
        self._left_s = self.timeout_s
        if event.key == "enter":
            if self.word and self.typed == self.word:
                self.confirm(self.typed)
            else:
                self.dismiss("")
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
        self.hasty = False
        self.changed()

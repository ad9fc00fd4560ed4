"""A screen that shows pages beyond the picture: says what it wants to ask and when, takes what came. Asks nobody."""

from __future__ import annotations

from core.domain.questions import AnyQuestion, Page
from screens.base import ConsoleScreen


class Paged(ConsoleScreen):
    """Subclasses give `every_ns`, `question()` and `take(page)`. `trouble`: why the newest page did not come, "" = it
    did."""

    every_ns = 1_000_000_000
    trouble = ""
    _due = 0

    def question(self) -> AnyQuestion | None:
        """What to ask next; None = nothing now."""
        raise NotImplementedError

    def take(self, page: Page) -> None:
        """A page came."""
        raise NotImplementedError

    def asks(self, now: int) -> AnyQuestion | None:
        """The question that is due at `now` (ns, monotonic), None before."""
        if now < self._due:
            return None
        asked = self.question()
        if asked is not None:
            self._due = now + self.every_ns
        return asked

    @property
    def asked(self) -> bool:
        """It has asked, and nobody wants it to ask at once."""
        return self._due > 0

    def again_at_once(self) -> None:
        """There is more than fitted into the page."""
        self._due = 0

"""The oracle of the thousand days catches what it is there for: three bugs, each planted alone, and the clean code
beside them (`tests/planted` holds the public list)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.domain.order import CREATE, FILLED, STOP, UNKNOWN, Report, Request
from core.domain.units import NS_PER_S
from core.engine.outgoing import Outgoing
from core.engine.post import Post
from core.execution import slots
from core.kernel import Kernels
from tests.simulation.chaos_day import play

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")]
SEEDS = 40


def retry_a_create(patch: pytest.MonkeyPatch) -> None:
    """No answer for a while: the same create once more."""
    hand_over = Outgoing._hand_over

    async def again(self: Outgoing, request: Request, decided: int) -> None:
        begun = self.clock.now()
        await hand_over(self, request, decided)
        if request.kind == CREATE and not request.flags & STOP and self.clock.now() - begun > NS_PER_S:
            await self.venue.send(request)

    patch.setattr(Outgoing, "_hand_over", again)


def drop_a_fill(patch: pytest.MonkeyPatch) -> None:
    """One fill in seven is remembered as seen and never booked."""
    take = Post.take

    def most(self: Post, reports: list[Report], now: int) -> None:
        kept = []
        for report in reports:
            if report.kind == FILLED and report.trade_id % 7 == 0:
                self.mark_seen(report.trade_id)
            else:
                kept.append(report)
        take(self, kept, now)

    patch.setattr(Post, "take", most)


def count_unknown_as_nothing(patch: pytest.MonkeyPatch) -> None:
    """An order whose fate nobody knows is no exposure."""
    worst = slots.worst_open

    def hopeful(o: Any, i: int) -> int:
        return 0 if o.state[i] == UNKNOWN else int(worst(o, i))

    patch.setattr(slots, "worst_open", hopeful)


@pytest.mark.parametrize(
    ("bug", "promise"), [(retry_a_create, "(ii)"), (drop_a_fill, "fills"), (count_unknown_as_nothing, "(iii)")],
    ids=["retry", "drop", "unknown"],
)  # fmt: skip
def test_a_planted_bug_is_caught(
    bug: Callable[[pytest.MonkeyPatch], None], promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    for seed in range(SEEDS):
        _, day = play(seed, kernels=Kernels("plain"))
        if any(promise in text for text in day.wrong):
            print("caught by seed", seed, day.wrong[:2])
            return
    pytest.fail(f"Expected a broken promise {promise} in {SEEDS} days, was none")

"""The end of a live core: nobody stops watching before the venues have said that nothing of ours is left (R-E4, W6)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import core.build.live_core as live_core
from core.domain.errors import Unverified


class Protection:
    def __init__(self, done: list[str]) -> None:
        self.done = done

    def hold(self) -> None:
        self.done.append("held")

    async def stop(self) -> None:
        self.done.append("disarmed")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(live_core, "mark_clean_end", lambda state_dir: found.append("clean end"))
    return found


def core(done: list[str], verified: bool, pos: int = 0) -> Any:
    post = SimpleNamespace(ledger=SimpleNamespace(s=SimpleNamespace(pos=pos)))
    check = SimpleNamespace(foreign_orders=0, foreign_positions=0)
    return SimpleNamespace(
        engine=SimpleNamespace(end_verified=verified, posts=(post,), check=check), protection=Protection(done),
        launch=SimpleNamespace(state_dir=Path("nowhere")),
        records=SimpleNamespace(forget=lambda: done.append("forgotten")),
    )  # fmt: skip


async def test_an_end_that_no_venue_confirms_leaves_switch_watchdog_and_account_as_they_are(done: list[str]) -> None:
    with pytest.raises(Unverified, match="look at the venue") as raised:
        await live_core.LiveCore._ended(core(done, verified=False))
    assert done == ["held"] and raised.value.code == 3


@pytest.mark.parametrize(("pos", "forgets"), [(0, True), (7, False)])
async def test_a_verified_end_disarms_and_an_account_that_holds_something_is_not_forgotten(
    done: list[str], pos: int, forgets: bool
) -> None:
    await live_core.LiveCore._ended(core(done, verified=True, pos=pos))
    assert done == ["disarmed", "clean end", *(["forgotten"] if forgets else [])]

"""What a running core answers beyond its picture: configuration with origins and checks, log lines by number."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.build.assemble import load_config
from core.build.pages import plan_checks
from core.config import show
from core.domain.questions import ConfigInForce, ConfigPage, LogLines, LogPage
from tests.simulation.rig import Rig

CONFIGS = Path(__file__).parents[3] / "configs"


@pytest.mark.parametrize("name", ["round7", "pair_lock"])
def test_the_planned_orders_are_checked_rule_by_rule(name: str) -> None:
    checks = plan_checks(load_config(CONFIGS / f"{name}.yml", {}))
    assert len(checks) > 5 and all(check.name and check.text for check in checks)
    assert {check.ok for check in checks} <= {True, False, None}


def test_a_core_answers_with_what_is_in_force(seed: int) -> None:
    from core.build.observers import Observers
    from core.build.pages import open_pages
    from core.clock import SystemClock
    from core.control.desk import Desk
    from core.guard.gate import GateFlag

    rig = Rig(seed)
    desk = Desk(GateFlag(SystemClock()))
    observers = Observers(
        rig.engine, rig.wire, rig.loaded, now=rig.start, folder=None, logs=None, market="synthetic", journal=""
    )
    open_pages(desk, rig.loaded, rig.engine, observers)
    page = desk.query(ConfigInForce())
    assert isinstance(page, ConfigPage) and page.sha256 == rig.loaded.sha256
    assert [(row.key, row.value, row.origin) for row in page.rows] == [
        (one.key, show.value_text(one.value), one.origin) for one in show.entries(rig.loaded)
    ]
    observers.log.say("[boot]", "hello")
    lines = desk.query(LogLines())
    assert isinstance(lines, LogPage) and lines.rows[-1].text == "hello" and lines.last == lines.first

"""docs/strategies/pair_lock.md says what the code does: every parameter with its default, every wish."""

from __future__ import annotations

import re
from pathlib import Path

from core.domain.pair import NONE, STATE_NAMES, WISH_NAMES
from core.strategies.pair_lock.blocks import CONDITION_NAMES, HOLDING, REASON_NAMES, UNDECIDED
from core.strategies.pair_lock.params import PairParams

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "strategies" / "pair_lock.md").read_text(encoding="utf-8")


def test_page_lists_every_parameter_with_its_default_and_no_other() -> None:
    listed = dict(re.findall(r"^\| (\w+) \| ([^|]*) \| [^|]* \| [^|]+ \|$", PAGE, re.MULTILINE))
    listed.pop("key")
    assert listed == {field.alias: str(field.default) for field in PairParams.model_fields.values()}


def test_page_names_every_wish_state_and_condition() -> None:
    low = PAGE.lower()
    assert [name for name in (*WISH_NAMES[NONE + 1 :], *STATE_NAMES, *CONDITION_NAMES) if name.lower() not in low] == []


def test_every_reason_has_a_name_of_its_own() -> None:
    assert len(REASON_NAMES) == len(set(REASON_NAMES)) == HOLDING + 1
    assert UNDECIDED == 0

"""docs/strategies/asmm.md says what the code does: every parameter with its default, every term of a quote."""

from __future__ import annotations

import re
from pathlib import Path

from core.strategies.asmm.blocks import TERM_NAMES
from core.strategies.asmm.params import AsmmParams

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "strategies" / "asmm.md").read_text(encoding="utf-8")


def test_page_lists_every_parameter_with_its_default_and_no_other() -> None:
    listed = dict(re.findall(r"^\| (\w+) \| ([^|]*) \| [^|]* \| [^|]+ \|$", PAGE, re.MULTILINE))
    listed.pop("key")
    defaults = {}
    for field in AsmmParams.model_fields.values():
        value = field.default
        defaults[field.alias] = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    assert listed == defaults


def test_page_explains_every_term_of_a_quote() -> None:
    rows = " ".join(re.findall(r"^\| ([a-z][a-z ,-]*) \|", PAGE, re.MULTILINE))
    assert [name for name in TERM_NAMES if name not in rows] == []

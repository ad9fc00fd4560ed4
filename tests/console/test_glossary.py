"""The glossary of the help screen (S3-70)."""

from __future__ import annotations

import pytest

from screens.actions import ACTIONS
from screens.glossary import GLOSSARY
from screens.help import help_lines


@pytest.mark.row("S3-70")
@pytest.mark.parametrize("term", ["ASMM", "reservation price", "skew", "reduce-only", "net cap", "VPIN"])
@pytest.mark.parametrize("width", [78, 118])
def test_each_term_stands_in_the_help_with_its_meaning(term: str, width: int) -> None:
    meaning = dict(GLOSSARY)[term]
    text = " ".join(line.plain.strip() for line in help_lines(ACTIONS, "overview", width))
    assert term in text and meaning in " ".join(text.split())
    assert len(meaning.split()) >= 6

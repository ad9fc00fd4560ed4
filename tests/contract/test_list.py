"""docs/contract.md is the list of the contracts: every one, by number, with what it demands and which rows it shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "contract.md"
NAME = re.compile(r"test_tc_(\d\d)_(\w+)")
SAYS = re.compile(r"((?:(?:UC|S[0-4]|R)-[A-Z]?\d+|RELIABILITY [\d.]+)(?:, |: ))+", re.S)


def contracts() -> list[tuple[int, str, str, str]]:
    """(number, sentence, rows, demand) of every contract test, by number."""
    found = []
    for file in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            match = NAME.fullmatch(getattr(node, "name", ""))
            if match and isinstance(node, ast.AsyncFunctionDef):
                text = " ".join((ast.get_docstring(node) or "").split())
                rows = SAYS.match(text)
                assert rows, f"Expected rows first in the docstring of {node.name}, was {text!r}"
                sentence = match[2].replace("_", " ")
                found.append((int(match[1]), sentence, rows[0].removesuffix(": "), text[rows.end() :]))
    return sorted(found)


def line(contract: tuple[int, str, str, str]) -> str:
    """The row of the page."""
    number, sentence, rows, demand = contract
    return f"| TC-{number:02d} | {sentence} | {demand[0].upper()}{demand[1:]} | {rows} |"


def test_the_numbers_are_given_once_and_without_a_gap() -> None:
    assert [number for number, *_ in contracts()] == list(range(1, len(contracts()) + 1))


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: f"TC-{contract[0]:02d}")
def test_the_page_lists_the_contract_as_its_test_says(contract: tuple[int, str, str, str]) -> None:
    assert line(contract) in PAGE.read_text(encoding="utf-8").splitlines(), line(contract)


def test_the_page_lists_no_contract_that_is_not_there() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## The list")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| TC-(\d\d) \|", page, re.M)
    assert [int(number) for number in listed] == [number for number, *_ in contracts()]

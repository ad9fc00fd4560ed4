"""Hostile strings on their way out beside the screens: reports, metrics, logs, messages of commands, JSON, exports."""

from __future__ import annotations

import ast
import html
import io
import json
import logging
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from app import __main__ as program
from app.webpage import page
from core.codec.text import clean
from core.guard.redact import Redactor
from core.rounds.markdown import esc, fenced, table
from core.rounds.report import report
from core.telemetry.logs import _Json
from core.telemetry.prometheus import text
from core.telemetry.readings import Readings
from core.venues.ccxt.verdicts import clean_text
from tests.hostile.payloads import PAYLOADS, SAYABLE, Filler
from tests.unit.rounds.made import Made

ROOT = Path(__file__).parents[2]
FROM_DATA = {"html_block", "html_inline", "link_open", "image"}


OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")


def obeyed(text: str, but: str = "") -> list[str]:
    """Signs that a terminal, an editor or a reader of lines acts on."""
    return [sign for sign in text if unicodedata.category(sign) in OBEYED and sign not in but]


def tokens(markdown: str) -> list[str]:
    """Types of all nodes, inline ones too, with the extensions that viewers switch on."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    out = []
    for token in parser.parse(markdown):
        out.append(token.type)
        out += [child.type for child in token.children or ()]
    return out


@pytest.mark.row("R-X5")
def test_no_payload_makes_a_node_in_a_report_whatever_its_context() -> None:
    """R-X5: running text, table cells and code blocks; each payload alone and with the next one behind it."""
    for n, payload in enumerate(PAYLOADS):
        other = PAYLOADS[(n + 1) % len(PAYLOADS)]
        written = "\n".join([
            f"Text {esc(payload)} and {esc(other)}.", "", esc(payload), "",
            *table(["a", "b"], [[esc(payload), esc(other)], [esc(other), "1"]]), "", *fenced([payload, other]), "",
            "end",
        ])  # fmt: skip
        kinds = tokens(written)
        assert not FROM_DATA & set(kinds), (payload, sorted(FROM_DATA & set(kinds)))
        assert (kinds.count("table_open"), kinds.count("fence"), kinds.count("heading_open")) == (1, 1, 0), payload
        assert kinds.count("tr_open") == 3 and kinds.count("hr") == 0, payload
        assert not obeyed(written, "\n"), payload


@pytest.mark.row("R-X5")
@pytest.mark.slow
def test_every_string_of_a_rounds_facts_stays_text_in_its_report() -> None:
    """The facts' fields are found by their types, so that a new one is covered by itself."""
    facts = Made().play(2)
    plain_kinds = tokens(report(facts, None))
    for turn in range(40):
        filler = Filler(turn * 89, frozenset({"Kpi.verdict", "Ending.outcome"}))
        try:
            hostile = report(filler.filled(facts), None)
        except (KeyError, ValueError) as error:
            pytest.fail(f"turn {turn}: {type(error).__name__}: {error}")
        kinds = tokens(hostile)
        assert not FROM_DATA & set(kinds), turn
        assert kinds.count("heading_open") == plain_kinds.count("heading_open"), turn
        assert not obeyed(hostile, "\n"), turn
    assert len(filler.fields) > 10


@pytest.mark.row("R-X4")
def test_every_label_reads_back_from_the_metrics_page_as_it_was() -> None:
    """The exposition format, parsed again: one sample a payload, no line more."""
    for kind in range(0, len(SAYABLE), 40):
        part = SAYABLE[kind : kind + 40]
        values = {"mm_rejects_total": [((payload,), float(n)) for n, payload in enumerate(part)]}
        written = text(Readings(values=values))
        found = {s.labels["reason"]: s.value for f in text_string_to_metric_families(written)
                 for s in f.samples if s.name == "mm_rejects_total"}  # fmt: skip
        assert found == {payload: float(n) for n, payload in enumerate(part)}
        assert "\x1b" not in "".join(line for line in written.split("\n") if line.startswith("#"))


@pytest.mark.row("R-X4")
def test_a_log_line_is_one_line_of_json_whatever_is_in_it() -> None:
    for payload in PAYLOADS:
        record = logging.LogRecord(payload, logging.INFO, "x", 1, "%s", (payload,), None)
        record.tag, record.code = payload, payload
        line = _Json(Redactor()).format(record)
        assert isinstance(json.loads(line), dict)
        assert not obeyed(line), payload


@pytest.mark.row("R-X4")
def test_messages_of_the_program_carry_no_control_sign_of_a_venue_or_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """What a venue said stands in a Refused, what a file holds in a ConfigError: both end in one printing place."""
    for payload in PAYLOADS:
        program._say(f"Expected x, was {payload!s}\nnext line {clean_text(ValueError(payload))}", 1)
        said = capsys.readouterr().err
        assert not obeyed(said, "\n"), payload


@pytest.mark.row("R-X4")
def test_what_the_venue_said_is_one_line_without_control_signs() -> None:
    """It stands in notes, alerts, journals and evidence."""
    for payload in PAYLOADS:
        said = clean_text(ValueError(payload))
        assert not obeyed(said), payload
        assert len(said) <= 200


@pytest.mark.row("R-X4")
def test_the_decoder_of_names_lets_nothing_through_that_a_terminal_obeys() -> None:
    for payload in PAYLOADS:
        shown = clean(payload)
        assert not obeyed(shown), payload
        shown.encode("utf-8")


@pytest.mark.row("R-X5")
def test_a_hostile_address_stays_an_attribute_of_the_served_page() -> None:
    for payload in SAYABLE:
        written = page(payload, 16)
        assert (
            written.count("<script") == 1
            and written.count("<img") == 0
            and "onerror=alert" not in written.replace(html.escape(payload, quote=True), "")
        )


def test_nothing_in_the_program_writes_a_sheet() -> None:
    """R-X5: no CSV leaves the program, so there is no formula to defuse; whoever adds one meets this test."""
    for folder in ("app", "core", "screens"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
            assert "csv" not in names, path
            assert "write_csv" not in path.read_text("utf-8"), path


def test_json_of_a_picture_with_hostile_strings_is_one_valid_line() -> None:
    """What `status --json` and `positions --json` are made with."""
    out = io.StringIO()
    for payload in SAYABLE:
        body: dict[str, Any] = {payload: payload, "rows": [payload]}
        line = msgspec.json.encode(body).decode()
        out.write(line)
        assert "\n" not in line and json.loads(line) == body

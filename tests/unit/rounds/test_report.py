"""The report of a round: its parts, its sums, its escaping, its files."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import msgspec
import pytest
from markdown_it import MarkdownIt

from core.domain.errors import DataError
from core.domain.events import Note
from core.rounds.archive import Archive, as_cut_off
from core.rounds.charts import svg
from core.rounds.diff import parameters, technical_block
from core.rounds.facts import RoundFacts, decode, encode
from core.rounds.kpitable import failed, kpis
from core.rounds.markdown import esc, fenced, plain, sparkline
from core.rounds.report import report, verdict_lines
from tests.unit.rounds.made import RUN, Made

GFM = MarkdownIt("commonmark", {"linkify": False}).enable("table")
HEADINGS = [
    "KPIs", "Change since last round", "PnL", "Inventory", "Fills and cancels", "Execution quality",
    "Reduce-only review", "Rejects", "REST requests and errors", "Latency distribution", "Streams", "Risk events",
    "Alerts and commands", "Snapshots", "Verification", "Config", "Log tail", "Metrics dump",
]  # fmt: skip


@pytest.fixture(scope="module")
def facts() -> RoundFacts:
    return Made().play(5)


def headings(text: str) -> list[str]:
    tokens = GFM.parse(text)
    return [tokens[k + 1].content for k, t in enumerate(tokens) if t.type == "heading_open" and t.tag == "h2"]


def types_of(text: str) -> list[str]:
    return [c.type for t in GFM.parse(text) for c in [t, *(t.children or [])]]


def test_the_report_has_every_part(facts: RoundFacts) -> None:
    """S3-67, UC-08 and the report parts of the Indexes."""
    text = report(facts, None, "x.svg")
    assert headings(text) == HEADINGS
    assert text.startswith("# Round 1: ")
    first = text.split("## KPIs")[0]
    for word in ("Earned", "benchmarks met", "Net PnL", "Fill rate", "Markout 1 s", "Max drawdown", "▁", "x.svg"):
        assert word in first
    assert len(first.splitlines()) <= 32  # five minutes: one screen


def test_the_parts_of_the_money_sum_to_the_last_unit(facts: RoundFacts) -> None:
    money, parts = facts.money, facts.attribution
    assert money.net == money.price - money.fees + money.funding
    assert parts.spread + parts.drift - parts.fees + parts.funding == money.net
    assert facts.equity_end - facts.equity_start == money.net + facts.transfers
    assert facts.identity_ok
    makers = sum(s.maker_fills for s in facts.ledgers[0].sides)
    takers = sum(s.fills for s in facts.ledgers[0].sides) - makers
    assert takers == 1
    assert parts.spread == 8 * (makers - takers) * 5 * 1000  # lots, fills, ticks from the mid, unit


def test_books_that_do_not_agree_are_shouted(facts: RoundFacts) -> None:
    wrong = msgspec.structs.replace(facts, equity_end=facts.equity_end + 1)
    assert "THE BOOKS DO NOT AGREE" in verdict_lines(wrong)[0]
    assert "books agree to the last unit" in [k.name for k in failed(kpis(wrong))]
    assert "DOES NOT AGREE" in report(wrong, None)


def test_every_kpi_says_pass_fail_info_or_no_data(facts: RoundFacts) -> None:
    """S0-01, S3-62."""
    rows = kpis(facts)
    assert {r.layer for r in rows} == {1, 2, 3, 4}
    assert all(r.verdict in ("pass", "FAIL", "info", "no data") for r in rows)
    slow = msgspec.convert(msgspec.to_builtins(facts), RoundFacts)
    slow.rest.latency[1] = msgspec.structs.replace(slow.rest.latency[1], p99_ns=101_000_000)
    slow.streams[0].uptime = 0.998
    slow.ledgers[0].buffer_min = 0.049
    slow.rest.weight_peak = 0.81
    names = [k.name for k in failed(kpis(slow))]
    assert names == [
        "tick to order, p99", "uptime of simulated ETHUSDC", "API weight, peak", "smallest liquidation buffer",
    ]  # fmt: skip
    assert "4 FAILED" in " ".join(verdict_lines(slow))
    assert "**FAIL**" in report(slow, None)


HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=y>", "![x](http://evil/x.png)", "[click](http://evil)",
    "http://evil.example/a", "www.evil.example", "mail@evil.example", "<http://evil>", "a|b|c", "`code` ``` x",
    "# heading", "- item", "1. item", "> quote", "---", "===", "\x1b[31mred\x07", "a\nb\n\n# c", "\u202eevil\u200b",
    "&lt;b&gt;", "**bold**", "[x]: http://evil", "$math$", "~~~\n<b>", "=1+1", "\\", "javascript:alert(1)", "<!-- -->",
]  # fmt: skip


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile_text_stays_text(payload: str) -> None:
    """R-X5: 0 html, link or image nodes from data, and no heading, table row or block more than without it."""
    made = Made(msgspec.structs.replace(RUN, market=payload, config={payload: payload}, journal=payload, mode=payload))
    made.desk.instruments[0] = msgspec.structs.replace(made.desk.instruments[0], symbol=payload, base=payload)
    made.desk.names = (payload,)
    made.desk.tail = (payload, "```", payload)
    made.recorder.begin(made.now, 1)
    made.take(notes=(Note("crit", payload, payload),))
    facts = made.recorder.facts(Made().play(1).ending, payload)
    assert [e.code for e in facts.events] == [payload]
    harmless = decode(encode(facts), "x")
    text = report(facts, None, "chart.svg")
    kinds = types_of(text)
    assert not {"html_block", "html_inline", "link_open"} & set(kinds)
    assert kinds.count("image") == 1  # our own chart
    assert headings(text) == HEADINGS
    assert harmless == facts
    for line in text.splitlines():
        assert "http://evil" not in line or line.strip() in (plain(p) for p in (payload, *payload.splitlines()))
    assert "\x1b" not in text
    assert "\u202e" not in text
    picture = svg(facts)
    root = ElementTree.fromstring(picture)
    assert {e.tag.split("}")[1] for e in root.iter()} <= {"svg", "title", "rect", "text", "line", "polyline", "path"}
    block = technical_block(None, facts, "x.md")
    assert not {"html_block", "html_inline", "link_open", "image"} & set(types_of(block))


def test_linkifying_readers_find_no_address_in_escaped_text() -> None:
    for payload in HOSTILE:
        kinds = [c.type for t in MarkdownIt("commonmark").parse(esc(payload)) for c in [t, *(t.children or [])]]
        assert set(kinds) <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    assert "https://" not in esc("see https://evil")


def test_a_code_block_cannot_be_left_and_a_sparkline_marks_gaps() -> None:
    tokens = GFM.parse("\n".join(fenced(["a", "````", "</pre>", "b"])))
    assert [t.type for t in tokens] == ["fence"]
    assert sparkline([1.0, None, 2.0]) == "▁ █"
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert sparkline([]) == ""
    assert len(sparkline(list(range(1000)), 48)) <= 48


def test_files_of_a_round_the_index_and_the_technical_blocks(tmp_path: Path) -> None:
    """S3-54, S3-72, S3-76."""
    archive = Archive(tmp_path)
    made = Made()
    one = made.play(2, 1)
    wrote = archive.write(one)
    assert wrote.markdown.name == "round-0001-20260106T120000Z.md"
    assert wrote.markdown.stat().st_mode & 0o777 == 0o600
    made.recorder.run = msgspec.structs.replace(RUN, config=RUN.config | {"net_max": "0.10"})
    two = made.play(3, 2)
    wrote = archive.write(two)
    archive.write(two)
    text = wrote.markdown.read_text()
    assert "Against round 1" in text
    assert "| net_max | 0.21 | 0.10 |" in text.replace("\\", "")
    assert parameters(one, two) == [("net_max", "0.21", "0.10")]
    notes = (tmp_path / "technical.md").read_text()
    assert notes.count("\n## ") == 2
    assert "net_max 0.21 → 0.10" in notes.replace("\\", "")
    index = (tmp_path / "index.md").read_text()
    assert index.index("[0002]") < index.index("[0001]")
    assert archive.next_number() == 3
    assert not list(tmp_path.glob(".*"))
    assert archive.unfinished() == []


def test_a_round_cut_off_is_found_and_marked_and_foreign_files_are_named(tmp_path: Path) -> None:
    """The initial snapshot stands on disk before the first order, so a crash leaves a trace (S3-51)."""
    archive = Archive(tmp_path)
    made = Made()
    archive.snapshot(made.recorder.begin(made.now, 7))
    (tmp_path / "round-0009-x.json").write_text("{}")
    [left] = archive.unfinished()
    assert left.ending.number == 7
    closed = as_cut_off(left, made.now + 5)
    text = archive.write(closed).markdown.read_text()
    assert "This round was cut off" in text
    assert "| verified flat | no |" in text
    assert archive.unfinished() == []
    assert archive.unreadable() == ["round-0009-x.json"]
    assert archive.next_number() == 10
    assert "round-0009-x.json" in archive.index().read_text()
    with pytest.raises(DataError, match="Expected the facts of a round"):
        decode(b"[1]", "x.json")
    with pytest.raises(DataError, match="version 1 or older"):
        decode(encode(msgspec.structs.replace(closed, version=9)), "x.json")


def test_a_late_end_and_an_unverified_one_are_said_first(facts: RoundFacts) -> None:
    """S3-60."""
    ending = msgspec.structs.replace(
        facts.ending, late_ns=5 * 3600 * 10**9, verdict="not verified", verified=False, orders_left=2
    )
    lines = verdict_lines(msgspec.structs.replace(facts, ending=ending))
    assert "could not be verified" in lines[0]
    assert "2 orders" in lines[0]
    assert "5 h late" in lines[1]


def test_reduce_only_fills_are_reviewed_against_the_mid() -> None:
    """S3-62: avg fill vs mid."""
    made = Made()
    made.recorder.begin(made.now, 1)
    made.order(0, 250_000, 20)
    made.desk.book(249_900, 249_910)
    made.order(1, 249_900, 20, 50, type=1, flags=1)
    facts = made.recorder.end(made.recorder.facts(msgspec.structs.replace(Made().play(1).ending)).ending)
    review = report(facts, None).split("## Reduce-only review")[1].split("## ")[0]
    assert "1 fills, on average +0.20 bps" in review
    assert facts.identity_ok


def test_a_round_that_still_runs_has_not_failed_to_end_verified(facts: RoundFacts) -> None:
    """S3-54 is judged at the end, not before it."""
    running = msgspec.structs.replace(
        facts, ending=msgspec.structs.replace(facts.ending, verdict="running", verified=False)
    )
    assert "end verified at the venue" not in {row.name for row in failed(kpis(running))}
    unverified = msgspec.structs.replace(
        facts, ending=msgspec.structs.replace(facts.ending, verdict="not verified", verified=False)
    )
    assert "end verified at the venue" in {row.name for row in failed(kpis(unverified))}

"""Scrape names, documents generated from code, and the files shipped for Prometheus, Grafana and Loki."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from core.domain.order import LIVE, UNKNOWN
from core.domain.snapshot import Snapshot, State
from core.telemetry.families import FAMILIES, document
from core.telemetry.prometheus import text
from core.telemetry.readings import Readings, read
from tests.unit.rounds.made import Made

ROOT = Path(__file__).resolve().parents[3]
NAMES = {family.name for family in FAMILIES}
# S3-36..46 to the letter
REQUIRED = """mm_mid_price mm_bid_price mm_ask_price mm_position mm_entry_price mm_unrealized_pnl mm_realized_pnl
mm_active_orders mm_total_fills mm_orders_placed_count mm_orders_canceled_count mm_reservation_price
mm_inventory_skew_bps mm_adaptive_netmax mm_spread_gauge mm_quote_interval_gauge mm_rest_requests_total
mm_rest_errors_total mm_rest_latency_seconds mm_vpin_current mm_volatility_regime mm_adverse_selection_rate
mm_quotes_generated_total mm_fills_total mm_fill_rate_current mm_recent_fills_count mm_cancel_suppression_active
mm_rejects_total""".split()


def samples(page: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Sample name -> labels -> value, by a plain reading of each line (the client's parser renames counters)."""
    out: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for line in page.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()  # type: ignore[union-attr]
        pairs = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels or "")))
        out.setdefault(name, {})[pairs] = float(value)
    return out


def scraped() -> tuple[Made, str]:
    made = Made()
    made.play(2)
    ledger = made.desk.ledger(0).s
    ledger.state[0], ledger.side[0] = LIVE, 0
    ledger.state[1], ledger.side[1] = UNKNOWN, 1
    made.desk.trade(0, 250_000, 5, 0)
    return made, text(read(made.desk, made.measures, Snapshot(state=State(run="RUNNING"))))


def test_a_scrape_has_exactly_the_names_asked_for() -> None:
    """S3-36..S3-46, S3-65, K-19: no `_total` that is not asked for, none missing."""
    _, page = scraped()
    found = samples(page)
    assert set(REQUIRED) <= NAMES
    for name in REQUIRED:
        assert name in found or f"{name}_bucket" in found, name
    assert "mm_orders_placed_count_total" not in page
    assert "mm_total_fills_total" not in page
    assert "_created" not in page
    bases = {re.sub(r"_(bucket|count|sum)$", "", n) if n.startswith("mm_rest_latency") else n for n in found}
    assert bases <= NAMES
    types = dict(re.findall(r"# TYPE (\w+) (\w+)", page))
    assert types == {family.name: family.kind for family in FAMILIES}
    assert len(list(text_string_to_metric_families(page))) == len(FAMILIES)


def test_values_and_labels_are_those_of_the_desk() -> None:
    """S3-33: side label values BUY and SELL; both fill names give one figure (K-19)."""
    made, page = scraped()
    found = samples(page)
    symbol = ("symbol", "ETHUSDC")
    assert found["mm_active_orders"] == {(("side", "BUY"), symbol): 1.0, (("side", "SELL"), symbol): 1.0}
    assert found["mm_total_fills"] == found["mm_fills_total"]
    assert sum(found["mm_total_fills"].values()) == made.measures.scopes.total[0].both.fills > 0
    assert found["mm_position"] == {(symbol,): 0.005}
    assert found["mm_volatility_regime"] == {(symbol,): 1.0}
    assert found["mm_rejects_total"][(("reason", "net_cap"),)] == 1.0
    assert found["perp_run_state"][(("state", "RUNNING"),)] == 1.0
    assert sum(found["perp_run_state"].values()) == 1.0
    assert "perp_liquidation_buffer_ratio" not in found  # unknown is absent, never 0
    buckets = found["mm_rest_latency_seconds_bucket"]
    assert buckets[(("le", "+Inf"),)] == found["mm_rest_latency_seconds_count"][()] == 6.0
    assert buckets[(("le", "0.0025"),)] == 0.0
    assert buckets[(("le", "0.005"),)] == 6.0


def test_two_strategies_on_one_symbol_make_one_sample() -> None:
    made = Made(names=("a", "b"))
    for i in (0, 1):
        made.desk.trade(0, 250_000, 5 + i, 0, i=i)
    found = samples(text(read(made.desk, made.measures, Snapshot())))
    assert found["mm_position"] == {(("symbol", "ETHUSDC"),): 0.011}


def test_hostile_label_values_cannot_add_a_line() -> None:
    page = text(Readings(values={"mm_rejects_total": [(('a"} 1\nmm_position{x="',), 1.0)]}))
    assert [line for line in page.splitlines() if line.startswith("mm_position")] == []


def test_every_help_names_its_unit_and_every_family_its_row() -> None:
    for family in FAMILIES:
        assert family.help.endswith(".")
        assert re.fullmatch(r"(S\d|UC|K|S4)-\d\d", family.row)
        if family.name.endswith(("_price", "_pnl")):
            assert "quote currency" in family.help


def test_the_metrics_page_is_generated_from_the_code() -> None:
    """S3-71. Make it again: python -m core.telemetry.families > docs/metrics.md"""
    assert (ROOT / "docs" / "metrics.md").read_text("utf-8") == document()


def names_in(text_: str) -> set[str]:
    """Metric names in an expression, histogram suffixes removed."""
    found = set(re.findall(r"\b(?:mm|perp|runner)_\w+", text_))
    return {re.sub(r"_bucket$", "", name) for name in found}


def yaml(path: str) -> Any:
    return YAML(typ="safe").load((ROOT / "configs" / path).read_text("utf-8"))


def test_alert_rules_name_real_metrics_and_cover_what_is_asked() -> None:
    """S3-68, S3-73."""
    [group] = yaml("prometheus/rules.yml")["groups"]
    alerts = {rule["alert"]: rule for rule in group["rules"]}
    assert {"StopLoss", "Shock", "RestErrors", "Silence", "LiquidationBuffer"} <= set(alerts)
    for rule in alerts.values():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert names_in(rule["expr"]) <= NAMES
    scrape = yaml("prometheus/prometheus.yml")
    assert scrape["rule_files"] == ["rules.yml"]
    assert scrape["scrape_configs"][0]["static_configs"][0]["targets"] == ["127.0.0.1:8080"]


def test_the_board_shows_every_metric_core_on_top_and_no_old_name() -> None:
    """S3-47, S3-74."""
    board = json.loads((ROOT / "configs" / "grafana" / "perpconsole.json").read_text("utf-8"))
    panels = board["panels"]
    assert panels[0]["type"] == "row"
    assert panels[0]["title"] == "Core running metrics"
    assert len({p["id"] for p in panels}) == len(panels)
    expressions = " ".join(t["expr"] for p in panels for t in p.get("targets", ()))
    assert names_in(expressions) == NAMES
    titles = " ".join(p["title"] for p in panels)
    for word in ("Net position", "PnL", "Rejected of placed", "REST requests and errors", "REST latency"):
        assert word in titles
    for p in panels:
        assert p["gridPos"]["x"] + p["gridPos"]["w"] <= 24
    used = [(p["gridPos"]["y"], p["gridPos"]["x"]) for p in panels]
    assert len(set(used)) == len(used)


def test_the_log_shipper_makes_both_event_tags_labels() -> None:
    """S3-48."""
    stages = yaml("loki/promtail.yml")["scrape_configs"][0]["pipeline_stages"]
    merged = {key: value for stage in stages for key, value in stage.items()}
    assert set(merged["json"]["expressions"]) >= {"ts", "level", "tag", "text"}
    assert "tag" in merged["labels"]
    assert merged["timestamp"] == {"source": "ts", "format": "UnixNs"}
    loki = yaml("loki/loki.yml")
    assert loki["server"]["http_listen_address"] == "127.0.0.1"
    assert loki["schema_config"]["configs"][0]["schema"] == "v13"


def test_no_old_runner_name_anywhere() -> None:
    """S3-47."""
    old = "runner" + "_"
    for folder in ("configs", "core/telemetry", "docs"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in (".py", ".json", ".yml", ".md"):
                assert old not in path.read_text("utf-8"), path

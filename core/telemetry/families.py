"""The metrics that the program publishes: exact names, types, labels, units. docs/metrics.md is generated from here.

Names are those of S3-36..46 to the letter (K-19): no suffix is added.
"""

from __future__ import annotations

import msgspec

SYMBOL, SYMBOL_SIDE, PAIR = ("symbol",), ("symbol", "side"), ("pair",)
PAIR_PARTS = ("spread", "trend", "carry", "fees", "execution")
REGIMES = ("CALM", "NORMAL", "HIGH", "EXTREME")
RUN_STATES = (
    "STARTING", "PAUSED", "RUNNING", "COOLDOWN", "HALTING", "HALTED", "FLATTENING", "FLAT", "STOPPING",
)  # fmt: skip


class Family(msgspec.Struct, frozen=True):
    """`kind`: gauge | counter | histogram. `help` names unit and meaning; labels in order."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str
    row: str  # of REQUIREMENTS.md


FAMILIES: tuple[Family, ...] = (
    Family("mm_mid_price", "gauge", SYMBOL, "Mid of our book, quote currency.", "S3-36"),
    Family("mm_bid_price", "gauge", SYMBOL, "Best bid of our book, quote currency.", "S3-36"),
    Family("mm_ask_price", "gauge", SYMBOL, "Best ask of our book, quote currency.", "S3-36"),
    Family("mm_position", "gauge", SYMBOL, "Signed position, base currency.", "S3-37"),
    Family("mm_entry_price", "gauge", SYMBOL, "Average entry price, quote currency; absent while flat.", "S3-37"),
    Family("mm_unrealized_pnl", "gauge", SYMBOL, "Unrealised PnL at the mark, quote currency.", "S3-37"),
    Family("mm_realized_pnl", "gauge", SYMBOL, "Realised PnL since the start before fees, quote currency.", "S3-37"),
    Family("mm_active_orders", "gauge", SYMBOL_SIDE, "Orders that may still fill, UNKNOWN ones included.", "S3-38"),
    Family("mm_total_fills", "counter", SYMBOL_SIDE, "Fills since the start. Same figure: mm_fills_total.", "S3-39"),
    Family("mm_orders_placed_count", "counter", SYMBOL_SIDE, "Create requests sent since the start.", "S3-40"),
    Family("mm_orders_canceled_count", "counter", SYMBOL, "Orders cancelled or expired since the start.", "S3-40"),
    Family("mm_reservation_price", "gauge", SYMBOL, "Centre of both sides' quotes, quote currency.", "S3-41"),
    Family("mm_inventory_skew_bps", "gauge", SYMBOL, "Shift of the quotes for inventory, bps of mid.", "S3-41"),
    Family("mm_adaptive_netmax", "gauge", SYMBOL, "Adaptive net position cap, base currency.", "S3-41"),
    Family("mm_spread_gauge", "gauge", SYMBOL, "Width between our best bid and ask, bps of mid.", "S3-42"),
    Family("mm_quote_interval_gauge", "gauge", SYMBOL, "Time between quoting decisions, seconds.", "S3-42"),
    Family("mm_rest_requests_total", "counter", ("venue",), "Requests sent to the venue.", "S3-43"),
    Family("mm_rest_errors_total", "counter", ("venue",), "Requests that failed or were lost.", "S3-43"),
    Family("mm_rest_latency_seconds", "histogram", (), "Time from order request to acknowledgement, seconds.", "S3-43"),
    Family("mm_vpin_current", "gauge", SYMBOL, "Flow toxicity VPIN, 0 to 1.", "S3-44"),
    Family(
        "mm_volatility_regime", "gauge", SYMBOL, "Volatility regime: 0 CALM, 1 NORMAL, 2 HIGH, 3 EXTREME.", "S3-44"
    ),
    Family("mm_adverse_selection_rate", "gauge", SYMBOL, "Share of maker fills with a negative 1 s markout.", "S3-44"),
    Family("mm_quotes_generated_total", "counter", SYMBOL, "Quotes decided since the start.", "S3-45"),
    Family("mm_fills_total", "counter", SYMBOL_SIDE, "Fills since the start. Same figure: mm_total_fills.", "S3-45"),
    Family("mm_fill_rate_current", "gauge", SYMBOL, "Fully filled over submitted limit orders, last hour.", "S3-45"),
    Family("mm_recent_fills_count", "gauge", SYMBOL, "Fills of the last 60 minutes.", "S3-45"),
    Family("mm_cancel_suppression_active", "gauge", SYMBOL, "1 while good quotes are left standing.", "S3-46"),
    Family("mm_rejects_total", "counter", ("reason",), "Requests refused by a gate or rejected by the venue.", "S3-65"),
    Family("perp_run_state", "gauge", ("state",), "1 for the run state that holds, 0 for the others.", "S0-08"),
    Family("perp_net_pnl", "gauge", (), "Net PnL of the running round, quote currency.", "S3-74"),
    Family("perp_equity", "gauge", (), "Equity, quote currency.", "S3-74"),
    Family("perp_drawdown_ratio", "gauge", (), "Drawdown of the running round, fraction <= 0.", "S3-74"),
    Family("perp_liquidation_buffer_ratio", "gauge", SYMBOL, "|mark - liquidation| / mark; absent if none.", "S0-40"),
    Family("perp_stream_up", "gauge", SYMBOL, "1 while the market stream is up.", "S0-25"),
    Family("perp_stream_uptime_ratio", "gauge", SYMBOL, "Share of the round that the stream was up.", "S0-25"),
    Family("perp_stream_messages_total", "counter", SYMBOL, "Market messages seen.", "S0-13"),
    Family("perp_sequence_gaps_total", "counter", SYMBOL, "Sequence gaps of the market stream.", "S0-24"),
    Family("perp_messages_lost_total", "counter", SYMBOL, "Messages lost in sequence gaps.", "S0-24"),
    Family("perp_reconnects_total", "counter", SYMBOL, "Reconnects of the market stream.", "S0-52"),
    Family("perp_weight_ratio", "gauge", ("venue",), "API weight used of its limit, 0 to 1.", "S0-28"),
    Family("perp_tick_to_order_p99_seconds", "gauge", (), "p99 from tick to order of the round, seconds.", "S0-20"),
    Family("perp_loop_lag_p99_seconds", "gauge", (), "p99 of the event loop's lag of the round, seconds.", "S0-47"),
    Family("perp_pair_state", "gauge", PAIR, "State of the pair: 0 to 5 for S0 to S5.", "S1-38"),
    Family("perp_pair_spread", "gauge", PAIR, "Mid on the long venue less mid on the short, quote currency.", "S1-66"),
    Family("perp_pair_residual_ratio", "gauge", PAIR, "Net over the larger leg: 0 hedged, 1 one leg.", "S1-23"),
    Family("perp_pair_pnl", "gauge", ("pair", "part"), "PnL since the start, quote currency; fees > 0 paid.", "S1-61"),
    Family("perp_pair_stuck", "gauge", PAIR, "1 while the pair waits for something that may need a person.", "S1-57"),
    Family("perp_pair_naked_seconds", "gauge", PAIR, "How long the pair is naked by now, 0 if it is not.", "S1-57"),
    Family("perp_pair_naked_limit_seconds", "gauge", PAIR, "How long it may be naked.", "S1-57"),
    Family("perp_pair_naked_p99_seconds", "gauge", PAIR, "p99 of the round's naked times, nearest rank.", "S1-57"),
    Family("perp_pair_naked_over_total", "counter", PAIR, "Naked times that were longer than the limit.", "S1-57"),
    Family("perp_pair_state_seconds_total", "counter", ("pair", "state"), "Time in the state, S0 to S5.", "S1-38"),
    Family("perp_pair_moves_total", "counter", ("pair", "move", "reason"), "Moves from rest to rest.", "S1-39"),
    Family("perp_pair_hedge_ratio", "gauge", PAIR, "Smaller over larger leg while locked, round's mean.", "S1-23"),
    Family("perp_pair_out_of_band_ratio", "gauge", PAIR, "Share of the round at or beyond a band.", "S1-62"),
    Family("perp_alerts_open", "gauge", ("level",), "Alerts not yet acknowledged.", "S3-68"),
    Family("perp_round_number", "gauge", (), "Number of the running round.", "UC-08"),
    Family("perp_store_rows_waiting", "gauge", (), "Rows that the store has not written yet.", "S4-88"),
)  # fmt: skip
BY_NAME = {family.name: family for family in FAMILIES}


def document() -> str:
    """docs/metrics.md."""
    lines = [
        "# Metrics",
        "",
        "Generated from core/telemetry/families.py by `python -m core.telemetry.families`; a test compares both.",
        "Served at `http://127.0.0.1:8080/metrics` by `perpconsole run` and `core` (`--metrics-port`, 0 picks a port).",
        "Label `side` is BUY or SELL. Names are exact: a counter carries no suffix that is not written here (K-19).",
        "A symbol that is traded on two venues is labelled `symbol@venue`; `part` is " + ", ".join(PAIR_PARTS) + ".",
        "A figure that is unknown is absent, never 0.",
        "",
        "| metric | type | labels | meaning and unit | row |",
        "|---|---|---|---|---|",
    ]
    for family in FAMILIES:
        labels = ", ".join(family.labels) or "none"
        meaning = family.help.replace("|", "\\|")
        lines.append(f"| `{family.name}` | {family.kind} | {labels} | {meaning} | {family.row} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(document(), end="")

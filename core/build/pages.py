"""Answers a running core gives to `core.domain.questions`: its log ring, its configuration with the self-check."""

from __future__ import annotations

from core.build.checklist.running import before_resume
from core.build.observers import Observers
from core.build.planning import findings
from core.build.why.page import why_page
from core.config import show
from core.config.load import Loaded
from core.control.desk import Desk
from core.domain.errors import Refused
from core.domain.order_pages import OrderListPage, OrderPage
from core.domain.questions import (
    ConfigInForce,
    ConfigPage,
    ConfigRow,
    LogLines,
    LogPage,
    OrderList,
    OrderTimeline,
    PnlHistory,
    SpreadHistory,
    WhyNot,
)
from core.domain.snapshot import Check
from core.domain.why_page import WhyPage
from core.engine.engine import Engine
from core.telemetry.history import Histories
from core.telemetry.timeline_pages import order_list, order_page

VERDICTS: dict[str, bool | None] = {"ok": True, "warn": None, "fail": False}


def open_pages(desk: Desk, loaded: Loaded, engine: Engine, observers: Observers) -> None:
    """From now on the desk answers."""

    def config(asked: ConfigInForce) -> ConfigPage:
        rows = tuple(ConfigRow(one.key, show.value_text(one.value), one.origin) for one in show.entries(loaded))
        checks = (*before_resume(engine, observers.alerts.rows()), *plan_checks(loaded))
        return ConfigPage(loaded.file, loaded.sha256, rows, checks)

    def lines(asked: LogLines) -> LogPage:
        first, last, rows = observers.log.ring.after(asked.after, asked.most)
        return LogPage(first, last, rows)

    def timeline(asked: OrderTimeline) -> OrderPage:
        return order_page(observers.orders, asked.cl_id, asked.number, engine.now)

    def orders(asked: OrderList) -> OrderListPage:
        return order_list(observers.orders, asked.kind, asked.by, asked.most, engine.now)

    def why(asked: WhyNot) -> WhyPage:
        return why_page(engine, observers.timelines, observers.noes, desk.latest(), desk.gate)

    desk.answer_with(OrderTimeline, timeline)
    desk.answer_with(OrderList, orders)
    desk.answer_with(WhyNot, why)
    desk.answer_with(ConfigInForce, config)
    desk.answer_with(LogLines, lines)


def open_history(desk: Desk, histories: Histories) -> None:
    """From now on the desk answers for the long series."""
    desk.answer_with(SpreadHistory, histories.spread)
    desk.answer_with(PnlHistory, histories.pnl)


def plan_checks(loaded: Loaded) -> tuple[Check, ...]:
    """The planned orders against the venue's filters, rule by rule, at the venue files' reference prices."""
    try:
        found = findings(loaded)
    except Refused as error:
        return (Check("planned orders", None, str(error)),)
    alone = len(found) == 1
    return tuple(
        Check(one.rule.replace("_", " ") if alone else f"{name} {one.rule.replace('_', ' ')}", VERDICTS.get(one.level),
              one.text)
        for name, each in found
        for one in each
    )  # fmt: skip

"""The text of /metrics from readings, with exactly the names of `families`: a custom collector, since the client
library's own counters would add `_total` (K-19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.telemetry.families import FAMILIES, Family
from core.telemetry.readings import Readings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Collector:
    """prometheus_client collector over the newest readings."""

    def __init__(self, latest: Callable[[], Readings]) -> None:
        self._latest = latest

    def collect(self) -> Iterator[Any]:
        readings = self._latest()
        for family in FAMILIES:
            yield self._metric(family, readings)

    def _metric(self, family: Family, readings: Readings) -> Any:
        from prometheus_client.core import Metric

        # "unknown" keeps the client from renaming; the true type is put back in `text`
        metric = Metric(family.name, family.help, "unknown" if family.kind == "counter" else family.kind)
        if family.kind == "histogram":
            for bound, count in readings.buckets:
                metric.add_sample(f"{family.name}_bucket", {"le": repr(bound)}, count)
            metric.add_sample(f"{family.name}_bucket", {"le": "+Inf"}, readings.count)
            metric.add_sample(f"{family.name}_count", {}, readings.count)
            metric.add_sample(f"{family.name}_sum", {}, readings.total_s)
            return metric
        for labels, value in readings.values.get(family.name, ()):
            metric.add_sample(family.name, dict(zip(family.labels, labels, strict=True)), value)
        return metric


def text(readings: Readings) -> str:
    """Prometheus text format 0.0.4."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector(lambda: readings))
    raw = generate_latest(registry).decode()
    for family in FAMILIES:
        if family.kind == "counter":
            raw = raw.replace(f"# TYPE {family.name} untyped\n", f"# TYPE {family.name} counter\n")
    return raw

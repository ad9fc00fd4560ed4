"""Measures put together for a pane: the `Execution` row of the last hour. Heavy work, at most twice a second."""

from __future__ import annotations

from core.domain.reasons import name_of
from core.domain.snapshot import Execution
from core.kpi.markout import HORIZONS_NS, MAKER, ONE_SECOND
from core.kpi.measures import Measures
from core.kpi.quality import MAKER as MAKER_SLIP
from core.kpi.quality import REDUCE, TAKER, Quality


def over(measures: Measures, scope: str) -> Quality:
    """All ledgers of one scope together: hour | round | total."""
    both = Quality()
    for i in range(measures.books.count):
        both.add(measures.hour(i) if scope == "hour" else getattr(measures, scope)[i])
    return both


def markout_means(measures: Measures, liquidity: int) -> tuple[tuple[float, float | None], ...]:
    """(seconds, mean bps) of the running round over all ledgers; None where nothing is resolved yet."""
    out = []
    for at, horizon in enumerate(HORIZONS_NS):
        tallies = [markouts.table[liquidity][at] for markouts in measures.markouts]
        n = sum(t.n for t in tallies)
        out.append((horizon / 1e9, sum(t.total for t in tallies) / n if n else None))
    return tuple(out)


def adverse_rate(measures: Measures, liquidity: int = MAKER) -> float | None:
    """Share of resolved 1 s markouts of the round below zero (S3-44)."""
    tallies = [markouts.table[liquidity][ONE_SECOND] for markouts in measures.markouts]
    n = sum(t.n for t in tallies)
    return sum(t.adverse for t in tallies) / n if n else None


def execution_of(measures: Measures, suppressed: int, dropped: int) -> Execution:
    """The execution pane: last hour; markouts and adverse rate of the running round."""
    hour = over(measures, "hour")
    both = hour.both
    rejects = sorted(hour.rejects.items(), key=lambda item: (-item[1], item[0]))
    return Execution(
        fill_rate=both.rate,
        fill_rate_buy=hour.sides[0].rate,
        fill_rate_sell=hour.sides[1].rate,
        n_orders=both.submitted,
        n_fills=both.fills,
        maker_share=both.maker_fills / both.fills if both.fills else None,
        slippage_bps=hour.slippage(MAKER_SLIP, TAKER, REDUCE).mean,
        markout_bps=markout_means(measures, MAKER),
        adverse_rate=adverse_rate(measures),
        rejects=tuple((name_of(code), n) for code, n in rejects),
        reject_rate=hour.reject_ratio,
        suppressed=suppressed,
        dropped=dropped,
        unknown=sum(measures.books.ledger(i).s.n_unknown for i in range(measures.books.count)),
        by_layer=tuple((layer, hour.layers[layer].rate) for layer in sorted(hour.layers)),
    )

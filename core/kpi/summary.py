"""Measures put together for a pane: the `Execution` row of the last hour. Heavy work, at most twice a second."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.execution_picture import Execution, SlipRow
from core.domain.reasons import name_of
from core.kpi.markout import HORIZONS_NS, MAKER, ONE_SECOND
from core.kpi.markout import TAKER as MARKOUT_TAKER
from core.kpi.measures import Measures
from core.kpi.quality import MAKER as MAKER_SLIP
from core.kpi.quality import REDUCE, SLIPPAGE_KINDS, TAKER, Quality, Slip, slippage_word


def over(measures: Measures, scope: str) -> Quality:
    """All ledgers of one scope together: hour | round | total."""
    return together([measures.hour(i) if scope == "hour" else getattr(measures, scope)[i] for i in _ledgers(measures)])


def together(parts: Sequence[Quality]) -> Quality:
    """The sum of them."""
    both = Quality()
    for part in parts:
        both.add(part)
    return both


def _ledgers(measures: Measures) -> range:
    return range(measures.books.count)


def slip_rows(measures: Measures, hours: Sequence[Quality]) -> tuple[SlipRow, ...]:
    """Slippage by instrument, kind and side of `hours`, one a ledger; kinds and sides without a fill are left out."""
    of_place: dict[tuple[str, str], list[Quality]] = {}
    for i in _ledgers(measures):
        instrument = measures.books.instrument(i)
        of_place.setdefault((instrument.venue, instrument.symbol), []).append(hours[i])
    rows = []
    for (venue, symbol), parts in of_place.items():
        table = together(parts).slips
        for kind, name in enumerate(SLIPPAGE_KINDS):
            for side, slip in zip(("BUY", "SELL"), table[kind], strict=True):
                if slip.n:
                    rows.append(_slip_row(venue, symbol, name, side, slip))
    return tuple(rows)


def _slip_row(venue: str, symbol: str, kind: str, side: str, slip: Slip) -> SlipRow:
    mean = slip.mean
    return SlipRow(venue, symbol, kind, side, slip.n, mean, slip.worst, slippage_word(mean))


def markout_means(measures: Measures, liquidity: int) -> tuple[tuple[float, float | None], ...]:
    """(seconds, mean bps) of the running round over all ledgers; None where nothing is resolved yet."""
    out = []
    for at, horizon in enumerate(HORIZONS_NS):
        tallies = [markouts.table[liquidity][at] for markouts in measures.markouts]
        n = sum(t.n for t in tallies)
        out.append((horizon / 1e9, sum(t.total for t in tallies) / n if n else None))
    return tuple(out)


def markout_counts(measures: Measures, liquidity: int) -> tuple[int, ...]:
    """Fills resolved so far, one for each of `markout_means`."""
    return tuple(sum(m.table[liquidity][at].n for m in measures.markouts) for at in range(len(HORIZONS_NS)))


def adverse_rate(measures: Measures, liquidity: int = MAKER) -> float | None:
    """Share of resolved 1 s markouts of the round below zero (S3-44)."""
    tallies = [markouts.table[liquidity][ONE_SECOND] for markouts in measures.markouts]
    n = sum(t.n for t in tallies)
    return sum(t.adverse for t in tallies) / n if n else None


def execution_of(measures: Measures, suppressed: int, dropped: int) -> Execution:
    """The execution pane: last hour; markouts and adverse rate of the running round."""
    hours = [measures.hour(i) for i in _ledgers(measures)]
    hour = together(hours)
    both = hour.both
    filled_p50, filled_p95 = hour.time_to_fill.quantiles((0.5, 0.95))
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
        layer_n=tuple(hour.layers[layer].submitted for layer in sorted(hour.layers)),
        n_buy=hour.sides[0].submitted,
        n_sell=hour.sides[1].submitted,
        fill_p50_ns=filled_p50,
        fill_p95_ns=filled_p95,
        markout_n=markout_counts(measures, MAKER),
        markout_taker_bps=markout_means(measures, MARKOUT_TAKER),
        markout_taker_n=markout_counts(measures, MARKOUT_TAKER),
        slips=slip_rows(measures, hours),
        refused_engine=hour.engine_refused,
        refused_wire=hour.wire_refused,
        rejected_venue=hour.venue_rejected,
        lost=hour.lost,
    )

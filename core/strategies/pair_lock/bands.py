"""The spread's window: bands by sigma or by quantile over past samples, and the half-life of the spread.

Exact at every sample: the ring is kept in order of size as well, so a quantile is one read. The two sums are made anew
every `REFRESH` samples, so rounding cannot pile up. Sources: FORMULAS.md 10 (bands, half-life) and 14 (nearest rank).
"""

from __future__ import annotations

import math

from core.kernel import kernel
from core.strategies.pair_lock.blocks import QUANTILE, SAMPLES, PairBlock, SpreadWindow

REFRESH = 60
LN2 = 0.6931471805599453


@kernel
def rank_of(w: SpreadWindow, x: float) -> int:
    """Index of the first ordered value >= x."""
    ordered = w.ordered
    low = 0
    high = w.n
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def drop_oldest(w: SpreadWindow) -> float:
    """Take the oldest sample out of the ring and the sums, not out of the order; returns it. The ring is not empty."""
    old = w.value[w.first]
    w.sum1 -= old - w.origin
    w.sum2 -= (old - w.origin) * (old - w.origin)
    w.first = (w.first + 1) % SAMPLES
    return old


@kernel
def evict(w: SpreadWindow) -> None:
    """Take the oldest sample out altogether."""
    i = rank_of(w, drop_oldest(w))
    ordered = w.ordered
    n = w.n - 1
    while i < n:
        ordered[i] = ordered[i + 1]
        i += 1
    w.n = n


@kernel
def reorder(w: SpreadWindow, i: int, last: int, x: float) -> None:
    """Place x into the ordered values 0 .. last, of which number i is free, by moving only what lies between."""
    ordered = w.ordered
    while i < last and ordered[i + 1] < x:
        ordered[i] = ordered[i + 1]
        i += 1
    while i > 0 and ordered[i - 1] > x:
        ordered[i] = ordered[i - 1]
        i -= 1
    ordered[i] = x


@kernel
def refresh(w: SpreadWindow) -> None:
    """Sums about the present mean, from the ring."""
    total = 0.0
    values = w.value
    k = w.first
    for _ in range(w.n):
        total += values[k] - w.origin
        k = (k + 1) % SAMPLES
    if w.n > 0:
        w.origin += total / w.n
    w.sum1 = 0.0
    w.sum2 = 0.0
    k = w.first
    for _ in range(w.n):
        d = values[k] - w.origin
        w.sum1 += d
        w.sum2 += d * d
        k = (k + 1) % SAMPLES


@kernel
def push(p: PairBlock, w: SpreadWindow, sample: int, x: float) -> None:
    """Add sample number `sample`; those that are `band_span` or more older fall out."""
    while w.n > 1 and w.stamp[(w.first + 1) % SAMPLES] <= sample - p.band_span:
        evict(w)
    if w.n == 0:
        w.origin = x
        w.sum1 = 0.0
        w.sum2 = 0.0
    full = w.n > 0 and (w.n >= SAMPLES or w.stamp[w.first] <= sample - p.band_span)
    if full:
        free = rank_of(w, drop_oldest(w))
        reorder(w, free, w.n - 1, x)
    else:
        reorder(w, w.n, w.n, x)
        w.n += 1
    at = (w.first + w.n - 1) % SAMPLES
    w.stamp[at] = sample
    w.value[at] = x
    w.sum1 += x - w.origin
    w.sum2 += (x - w.origin) * (x - w.origin)
    w.n_pushed += 1
    if w.n_pushed % REFRESH == 0:
        refresh(w)
        fit_half_life(p, w)


@kernel
def quantile(w: SpreadWindow, share: float) -> float:
    """Nearest rank x_(ceil(share * n)) of the window, n > 0."""
    rank = int(math.ceil(share * w.n - 1e-9))
    return float(w.ordered[max(1, min(w.n, rank)) - 1])


@kernel
def set_bands(p: PairBlock, w: SpreadWindow, sample: int) -> None:
    """Bands over the samples before number `sample` (S1-19, K-36); none for too few, or a spread that never moved."""
    while w.n > 0 and w.stamp[w.first] < sample - p.band_span:
        evict(w)
    w.ok = 0
    if w.n < max(2, p.band_min_samples):
        return
    mean = w.sum1 / w.n
    w.mean = w.origin + mean
    w.sigma = math.sqrt(max(0.0, (w.sum2 - mean * w.sum1) / (w.n - 1)))
    if p.band_mode == QUANTILE:
        w.lb = quantile(w, p.lb)
        w.ub = quantile(w, p.ub)
    else:
        w.lb = w.mean - p.band_sigma * w.sigma
        w.ub = w.mean + p.band_sigma * w.sigma
    if w.sigma > 1e-12 * max(1.0, abs(w.mean)) and w.ub > w.lb:
        w.ok = 1


@kernel
def fit_half_life(p: PairBlock, w: SpreadWindow) -> None:
    """-ln 2 / ln(1 + k) of de_t = c + k e_(t-1) over neighbouring samples; none unless -1 < k < 0. For the screen."""
    w.half_life_ok = 0
    pairs = 0
    sx = 0.0
    sd = 0.0
    sxx = 0.0
    sxd = 0.0
    values = w.value
    stamps = w.stamp
    k = w.first
    for _ in range(w.n - 1):
        following = (k + 1) % SAMPLES
        if stamps[following] == stamps[k] + 1:
            x = values[k] - w.origin
            d = values[following] - values[k]
            pairs += 1
            sx += x
            sd += d
            sxx += x * x
            sxd += x * d
        k = following
    if pairs < max(3, p.band_min_samples - 1):
        return
    variance = sxx - sx * sx / pairs
    if variance <= 1e-24 * max(1.0, w.origin * w.origin) * pairs:
        return
    slope = (sxd - sx * sd / pairs) / variance
    if slope > -1.0 and slope < 0.0:
        w.half_life_s = -LN2 / math.log(1.0 + slope) * (p.sample_ns / 1e9)
        w.half_life_ok = 1

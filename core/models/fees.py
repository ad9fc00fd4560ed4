"""The fee of a fill: 1e-8 quote, rounded once and against us, for fees and for rebates.

A rate is held in 1e-9 so that a referral discount on a ppm rate stays exact to the billionth.
"""

from __future__ import annotations

from core.domain.units import PPM, muldiv_up
from core.kernel import kernel

RATE9 = 1_000_000_000


@kernel
def fee_rate9(fee_ppm: int, referral_ppm: int) -> int:
    """Effective rate, 1e-9: a referral gives back its share of a fee; a rebate (negative ppm) is not shared."""
    if fee_ppm <= 0:
        return fee_ppm * 1000
    share = min(max(referral_ppm, 0), PPM)
    return -(-fee_ppm * (PPM - share) // 1000)


@kernel
def fee_of(notional: int, rate9: int) -> int:
    """Fee of a fill, 1e-8 quote, positive = paid. Rounds up, so that a fee is never smaller, a rebate never larger.

    notional 1e-8 quote >= 0 (<= MAX_NOTIONAL), rate9 1e-9 with |rate9| <= 2**31.
    """
    return muldiv_up(notional, rate9, RATE9)


@kernel
def fee_at(notional: int, fee_ppm: int, referral_ppm: int) -> int:
    """`fee_of` straight from the venue's ppm figures."""
    return fee_of(notional, fee_rate9(fee_ppm, referral_ppm))

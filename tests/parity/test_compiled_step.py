"""One wake of the market maker, from guard to marked requests, as one compiled kernel: what a sweep will be made of."""

from __future__ import annotations

from core.domain.book import View
from core.domain.events import W_TIMER
from core.domain.instrument import Spec
from core.domain.order import Ledger, Requests, Target
from core.domain.units import FAR
from core.engine.post import Post
from core.execution.blocks import PlanParams
from core.execution.commit import commit_all
from core.execution.planner import plan_into
from core.execution.reduce import reduce_into
from core.execution.slots import release_rests
from core.kernel import Block, Kernels, best_kernels, door
from core.risk.blocks import Limits, Risk, Vitals
from core.risk.guard import guard
from core.signals.blocks import Signals
from core.strategies.asmm.blocks import QuoteParams, QuoteState
from core.strategies.asmm.kernel import quote
from tests.simulation.rig import Rig, S

HALF_SECOND = S // 2


@door
def wake_to_requests(
    X: Limits, R: Risk, L: Ledger, V: View, C: Spec, H: Vitals, P: QuoteParams, Q: QuoteState, G: Signals, T: Target,
    N: Requests, B: PlanParams, now: int, why: int,
) -> int:  # fmt: skip
    """The sequence of `Seat` and `Post`: guard, decide, reduce, plan, gate and mark. Returns how many were approved."""
    x, r, o, v, c, q, t, n = X[0], R[0], L[0], V[0], C[0], Q[0], T[0], N[0]
    guard(x, r, o, v, c, H[0], now)
    release_rests(o)
    cap = FAR
    if r.pull_quotes == 1:
        cap = 0
    quote(P[0], q, v, G[0], o, c, t, now, why, r.noise_level, cap)
    reduce_into(x, r, o, v, c, t)
    if plan_into(o, t, n, B[0], c, now) == 0:
        return 0
    return commit_all(x, r, o, v, c, n, q.cap_lots * 1.0, now)


def blocks_of(rig: Rig) -> list[Block]:
    """Copies of everything that a wake reads or writes."""
    post: Post = rig.engine.posts[0]
    strategy = rig.engine.seats[0].strategy
    state, params = strategy.blocks()[f"{strategy.name}.state"], strategy.blocks()[f"{strategy.name}.params"]
    return [
        block.copy()
        for block in (
            post.limits, post.risk, post.ledger, post.view, post.spec, post.vitals, params, state, post.signals,
            post.target, post.requests, post.plan_params,
        )
    ]  # fmt: skip


def test_one_wake_as_one_compiled_kernel_writes_what_the_plain_form_and_the_engine_write() -> None:
    """DESIGN.md section 4: the Python engine and a compiled sweep call the same kernels (seed 5)."""
    rig = Rig(5, kernels=best_kernels())
    approved = 0
    for step in range(40, 80):
        rig.to(step)
        now = rig.engine.now + HALF_SECOND
        images = []
        for form in ("plain", "compiled"):
            blocks = blocks_of(rig)
            n = Kernels(form).bind(wake_to_requests, *blocks)(now, W_TIMER)
            images.append((n, [block.image() for block in blocks]))
        assert images[0] == images[1]
        approved += images[0][0]
    assert approved > 5, "the quotes moved, so requests were made"


def test_the_single_kernel_equals_the_doors_that_the_engine_calls_one_by_one() -> None:
    """The same wake through `Seat`: identical ledger, requests and risk (seed 6)."""
    rig = Rig(6, kernels=Kernels("plain"))
    rig.to(45)
    seat, post = rig.engine.seats[0], rig.engine.posts[0]
    blocks = blocks_of(rig)
    now = rig.engine.now + HALF_SECOND
    Kernels("plain").bind(wake_to_requests, *blocks)(now, W_TIMER)
    seat.guard(now, [])
    seat.decide(now, W_TIMER, True, [])
    seat.plan(now, [], [])
    mine = (post.risk, post.ledger, post.target, post.requests, post.plan_params)
    for block, other in zip(mine, (blocks[1], blocks[2], blocks[9], blocks[10], blocks[11]), strict=True):
        assert block.image() == other.image(), type(block).__name__

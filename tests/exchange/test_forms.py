"""The two kernel forms and the two ways of feeding agree to the last byte of all blocks."""

from __future__ import annotations

import pytest

from core.domain.events import W_BBO, W_OWN
from core.domain.units import FAR, MONEY
from core.exchange.exchange import QueueModel, SimExchange
from core.kernel import Kernels, numba_usable
from tests.exchange.desk import PLAIN, instrument
from tests.exchange.sessions import WILD, Client, session, wild_tape

compiled = pytest.mark.skipif(not numba_usable()[0], reason=f"compiled form: {numba_usable()[1]}")
MODELS = [QueueModel(), QueueModel("power", 1, 2.0), QueueModel("power", 3, 2.5), QueueModel("log", 2)]


@pytest.mark.slow
@compiled
@pytest.mark.timeout(600)
@pytest.mark.parametrize("model", MODELS, ids=lambda q: f"{q.model}{q.variant}")
def test_plain_and_compiled_sessions_end_in_the_same_bytes(model: QueueModel) -> None:
    form = Kernels("compiled")
    for seed in range(8):
        options = (
            {"queue": model, "spec": instrument(isolated=True, leverage=20)} if seed % 3 == 0 else {"queue": model}
        )
        plain, log = session(seed, PLAIN, **options)
        fast, log_fast = session(seed, form, **options)
        assert log == log_fast
        assert plain.image() == fast.image()


@pytest.mark.slow
@compiled
@pytest.mark.timeout(600)
def test_a_session_may_change_form_between_two_events() -> None:
    for seed in range(4):
        plain, log = session(seed, PLAIN)
        mixed, log_mixed = session(seed, Kernels("compiled"), switch=PLAIN)
        assert mixed.kernels.form == "plain"
        assert (log, plain.image()) == (log_mixed, mixed.image())


@pytest.mark.parametrize("seed", range(10))
def test_one_event_at_a_time_gives_what_all_at_once_gives(seed: int) -> None:
    whole, log = session(seed, PLAIN)
    single, log_single = session(seed, PLAIN, one=True)
    assert log == log_single
    assert len(log) > 20
    assert whole.image() == single.image()


def test_another_seed_draws_other_latencies() -> None:
    tables = [SimExchange([WILD], 0, seed, PLAIN).markets[0].array("entry_ns").tolist() for seed in (1, 1, 2)]
    assert tables[0] == tables[1] != tables[2]


def test_image_and_load_are_inverse_and_a_loaded_exchange_goes_on_the_same() -> None:
    x, _ = session(3, PLAIN, limit=60)
    y = SimExchange([WILD], 60 * MONEY, 99, PLAIN)
    y.load(x.image())
    assert y.image() == x.image()
    assert y.open_orders() == x.open_orders()
    with pytest.raises(ValueError, match="bytes of exchange state"):
        y.load(x.image()[:-8])


def two(order: tuple[int, int], form: Kernels) -> tuple[SimExchange, list[list[object]]]:
    specs = (instrument(symbol="A"), instrument(symbol="B", entry=WILD.entry, response=WILD.response))
    x = SimExchange(specs, 80 * MONEY, 5, form)
    for i in range(2):
        x.attach(i, wild_tape(20 + order[i], rows=150))
        x.markets[i].s.wake_mask = W_OWN | W_BBO
    clients = [Client(x, 40 + i, 60, venue=False) for i in range(2)]
    times: list[int] = []
    while x.advance(FAR) > 1:
        woken = [i for i in range(2) if x.why[i] > 1]
        times += [x.markets[i].s.now for i in woken]
        for i in woken:
            clients[i].react(i)
    assert times == sorted(times)  # neither market runs ahead of the other
    return x, [list(c.log) for c in clients]


def test_two_markets_of_one_account_keep_one_order_of_time_and_share_the_margin() -> None:
    x, logs = two((0, 1), PLAIN)
    assert all(len(log) > 10 for log in logs)
    a = x.account.s
    assert a.wallet == a.start + a.realised - a.fees + a.funding + a.transfers
    assert [r.trade_id for r in x.trades()] == list(range(1, a.next_trade + 1))
    again, logs_again = two((0, 1), PLAIN)
    assert (again.image(), logs_again) == (x.image(), logs)


@pytest.mark.slow
@compiled
@pytest.mark.timeout(600)
def test_two_markets_plain_and_compiled_agree() -> None:
    plain, logs = two((0, 1), PLAIN)
    fast, logs_fast = two((0, 1), Kernels("compiled"))
    assert (plain.image(), logs) == (fast.image(), logs_fast)

"""Client ids where a venue takes an integer of few bits: unique, the same for ever, and ours only if known (R-W5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import SLOTS
from core.engine.post import NUMBER_SHIFT
from core.execution.closeout import STOP_SEQ
from core.venues.ccxt import ids as module
from core.venues.ccxt.ids import Ids
from core.venues.identity import (
    CLOCK_BITS,
    NARROW_BITS,
    NUMBER_BIT,
    NUMBERS,
    SLOT_BITS,
    STOP_BIT,
    Identity,
    narrow,
    read_text,
    text_of,
)

FORMS = pytest.mark.parametrize("form", ["u48", "u64"])
NOW_MS = 1_795_000_000_000
EPOCH = 4_242


def cl_id(number: int, seq: int, slot: int) -> int:
    return ((number << NUMBER_SHIFT) + seq) * SLOTS + slot


# every id that may exist at the same time: 198 days of sequence, all ledgers, closes of stops too
parts = st.tuples(
    st.integers(0, NUMBERS - 1), st.integers(NOW_MS, NOW_MS + (1 << CLOCK_BITS) - 1), st.integers(0, SLOTS - 1),
    st.booleans(),
)  # fmt: skip


def of(made: tuple[int, int, int, bool]) -> int:
    number, seq, slot, stop = made
    return cl_id(number, seq + (STOP_SEQ if stop else 0), slot)


def test_the_layout_is_the_engines() -> None:
    """`identity` may not import the engine: its figures are checked here."""
    assert SLOTS == 1 << SLOT_BITS
    assert NUMBER_BIT == NUMBER_SHIFT + SLOT_BITS and 1 << (STOP_BIT - SLOT_BITS) == STOP_SEQ


@FORMS
@given(made=parts, epoch=st.integers(0, (1 << 24) - 1))
def test_a_narrow_id_has_its_width_and_is_the_same_for_ever(
    form: str, made: tuple[int, int, int, bool], epoch: int
) -> None:
    bits = NARROW_BITS[form]
    found = narrow(epoch, of(made), bits)
    assert found == narrow(epoch, of(made), bits) and found.bit_length() == bits
    for a_round in (0, 9):
        assert text_of(Identity(epoch, a_round, of(made)), form) == str(found), "the round is not part of it"
    assert read_text(str(found)) is None, "by itself it tells nothing"


@FORMS
@given(one=parts, other=parts)
def test_two_orders_of_one_instance_never_share_an_id(
    form: str, one: tuple[int, int, int, bool], other: tuple[int, int, int, bool]
) -> None:
    bits = NARROW_BITS[form]
    assert (narrow(EPOCH, of(one), bits) == narrow(EPOCH, of(other), bits)) == (of(one) == of(other))


@FORMS
def test_a_hundred_thousand_ids_are_unique_and_another_instance_shares_none(form: str) -> None:
    bits = NARROW_BITS[form]
    made = [cl_id(k % 3, NOW_MS + k, k % SLOTS) for k in range(100_000)]
    ours, theirs = ({narrow(epoch, each, bits) for each in made} for epoch in (EPOCH, EPOCH + 1))
    assert len(ours) == len(theirs) == 100_000
    assert not ours & theirs


@FORMS
def test_an_order_is_ours_only_if_it_is_known(form: str) -> None:
    ids, order = Ids(EPOCH, form), cl_id(0, NOW_MS, 5)
    text = ids.new_text(order)
    assert ids.learn(text, "281474976710700") == (order, 281_474_976_710_700)
    assert ids.known("281474976710700") == order and ids.text(order) == text
    for foreign in ("1", "1766076671", str(int(text) ^ 1), "", "pc-12"):
        assert ids.learn(foreign, "5") == (0, 5), foreign
    assert ids.others == set()


@FORMS
def test_the_orders_of_an_earlier_run_come_back_from_the_journal(form: str) -> None:
    """The text is drawn again from the client id; no table has to survive."""
    before, order = Ids(EPOCH, form), cl_id(1, NOW_MS, 9)
    before.round = 3
    text = before.new_text(order)
    after = Ids(EPOCH, form)
    assert after.learn(text, None) == (0, 0)
    after.expect([order])
    assert after.learn(text, None) == (order, 0)


@FORMS
def test_an_order_that_is_seen_is_not_forgotten_for_newer_ones(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_NARROW", 10)
    ids, old = Ids(EPOCH, form), cl_id(0, NOW_MS, 1)
    text = ids.new_text(old)
    for k in range(1, 100):
        ids.new_text(cl_id(0, NOW_MS + k, 2))
        assert ids.learn(text, None)[0] == old, "an open order is listed every few seconds"
    assert ids.learn(ids.text(cl_id(0, NOW_MS + 1, 2)), None)[0] == 0, "bounded"


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="ledger number under 32"):
        narrow(EPOCH, cl_id(NUMBERS, NOW_MS, 0), 48)
    for wrong in (0, -1, 1 << 63):
        with pytest.raises(ValueError, match="63 bits"):
            narrow(EPOCH, wrong, 64)

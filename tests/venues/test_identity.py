"""Client ids on the wire: both ways without a table, and nobody else's id is taken for ours (R-W5, article 12: who)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.venues.identity import Identity, pack, read_text, text_of, unpack

identities = st.builds(
    Identity, st.integers(0, (1 << 24) - 1), st.integers(0, (1 << 16) - 1), st.integers(1, (1 << 63) - 1)
)


@given(identities, st.sampled_from(["pc", "hex", "alnum"]))
def test_every_form_reads_back(identity: Identity, form: str) -> None:
    text = text_of(identity, form)
    assert read_text(text) == identity and len(text) <= 36
    if form == "hex":
        assert text.startswith("0x") and len(text) == 34


@given(identities, st.integers(0, 127))
def test_one_flipped_bit_is_not_ours(identity: Identity, bit: int) -> None:
    assert unpack(pack(identity) ^ (1 << bit)) is None


@pytest.mark.parametrize("text", [None, "", "x-cvBPrNm9abc", "web_1", "0x" + "0" * 32, "pc-" + "g" * 32, "pc-12"])
def test_other_ids_are_nobody_of_ours(text: str | None) -> None:
    assert read_text(text) is None


def test_a_part_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="24 bits"):
        pack(Identity(1 << 24, 0, 1))

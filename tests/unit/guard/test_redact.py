"""The redactor: every form of a secret goes, ordinary words stay (R-X2)."""

from __future__ import annotations

import base64
import json
import random
import string
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guard import redact
from core.guard.redact import MASK, Redactor
from tests.support.canary import forms, leaks, secret_of

SEED = 20261121


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Redactor:
    """A process of its own: no test leaves a secret behind in this one."""
    alone = Redactor()
    monkeypatch.setattr(redact, "PROCESS", alone)
    return alone


@pytest.mark.parametrize("n", range(20))
def test_no_form_of_a_random_secret_stays(n: int) -> None:
    """R-X2: raw, base64 in three alignments, hex, URL, JSON."""
    secret = secret_of(SEED + n)
    redactor = Redactor([secret])
    for form in forms(secret):
        cleaned = redactor.clean(f"before {form} after")
        assert leaks(cleaned, secret) == [], f"seed {SEED + n}"
        assert cleaned.startswith("before ") and cleaned.endswith(" after") and MASK in cleaned


def test_the_finder_of_leaks_finds_each_form() -> None:
    """The test of the test: with nothing removed every form is a hit."""
    secret = secret_of(SEED)
    assert all(leaks(f"x{form}y", secret) for form in forms(secret))


def test_a_private_key_goes_with_and_without_0x_in_any_case_and_as_number_and_bytes() -> None:
    digits = f"{random.Random(SEED).getrandbits(256):064x}"
    redactor = Redactor(["0x" + digits])
    raw = bytes.fromhex(digits)
    for shape in ("0x" + digits, digits, digits.upper(), str(int(digits, 16))):
        assert redactor.clean(f"<{shape}>") == f"<{MASK}>", shape
    assert redactor.clean(base64.b64encode(raw).decode()).startswith(MASK)


def test_a_key_of_many_lines_goes_line_by_line() -> None:
    body = [secret_of(SEED + n) for n in range(3)]
    pem = "\n".join(["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"])
    redactor = Redactor([pem])
    for shape in (pem, pem.replace("\n", "\\n"), json.dumps(pem), body[1], f"line 2: {body[2]}"):
        assert not any(line in redactor.clean(shape) for line in body)


@pytest.mark.parametrize(
    "text",
    [
        "GET /fapi/v1/order?symbol=ETHUSDC&timestamp=17&signature={}",
        "wss://host/ws?listenKey={}&x=1",
        "wss://fstream.example/ws/{}",
        '{{"listenKey": "{}"}}',
        "X-MBX-APIKEY: {}",
        "{{'apiKey': '{}', 'other': 1}}",
    ],
)
def test_what_looks_like_a_secret_goes_though_nobody_told_of_it(text: str) -> None:
    unknown = "".join(random.Random(SEED).choices(string.ascii_letters + string.digits, k=64))
    assert unknown not in Redactor().clean(text.format(unknown))


@pytest.mark.parametrize(
    "text",
    [
        "order 77 filled at 2500.05",
        "ETHUSDC buy 0.21 at 2500.05: post-only rejected, code -5022",
        "wss://fstream.example/ws/ethusdc@depth@100ms down for 3 s",
        "Expected TRADE_BINANCE_USDM_API_KEY to trade there, found none in the environment; set it",
    ],
)
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert Redactor([secret_of(SEED)]).clean(text) == text


def test_every_redactor_hides_what_the_process_remembers(process: Redactor) -> None:
    """A sink cannot be built past it."""
    sink = Redactor()
    secret = secret_of(SEED)
    assert secret in sink.clean(secret)
    process.remember(secret)
    assert sink.clean(f"a {secret} b") == f"a {MASK} b" == process.clean(f"a {secret} b")


def test_a_short_secret_is_refused_and_no_message_or_repr_tells_of_one() -> None:
    with pytest.raises(ValueError, match="at least 6") as caught:
        Redactor(["abcde"])
    assert "abcde" not in str(caught.value)
    assert secret_of(SEED) not in repr(Redactor([secret_of(SEED)]))


@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40), min_size=1,
                max_size=4), st.text(max_size=20))  # fmt: skip
def test_several_secrets_in_one_text_all_go(secrets: list[str], around: str) -> None:
    redactor = Redactor(secrets)
    once = redactor.clean(around.join(["", *secrets, ""]))
    parts = once.split(MASK)
    assert not any(secret in part for secret in secrets for part in parts)
    quoted = redactor.clean(urllib.parse.urlencode({"k": secrets[0]}))
    assert urllib.parse.quote(secrets[0], safe="") not in quoted.replace(MASK, "\0")

"""Logs: tags, rotation, the ring, and no secret in any of it."""

from __future__ import annotations

import base64
import json
import logging
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.events import Note
from core.guard.redact import MASK, Redactor
from core.telemetry.alerts import Alerts
from core.telemetry.logs import BOOT, BYTES, FILES, ORDER_UPDATE, RING, STRATEGY_ADJUST, Log

CANARY = "k3y/C4n+ary=9Zq_7f0XwLp2"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path / "logs", Redactor([CANARY]), bytes_a_file=20_000, files=3)
    yield made
    made.close()


def entries(log: Log) -> list[dict[str, object]]:
    assert log.path is not None
    return [json.loads(line) for line in log.path.read_text("utf-8").splitlines()]


def test_lines_are_json_with_the_tags_asked_for(log: Log) -> None:
    """S3-35, S1-48."""
    log.say(BOOT, "strategy online (mode=paper)", ts=5)
    log.note(7, Note("warn", "reduce", "to 10 lots", tag=ORDER_UPDATE))
    log.say(STRATEGY_ADJUST, "skew -0.4")
    logging.getLogger("ccxt.base").warning("odd %s", "answer\x1b[2J\nsecond line")
    found = entries(log)
    assert [e["tag"] for e in found] == ["[boot]", "[order_update]", "[strategy_adjust]", "[base]"]
    assert found[0] == {"ts": 5, "level": "info", "tag": "[boot]", "text": "strategy online (mode=paper)"}
    assert (found[1]["level"], found[1]["code"]) == ("warn", "reduce")
    assert found[3]["text"] == "odd answer [2J second line"
    assert [row.tag for row in log.ring.rows(2)] == ["[strategy_adjust]", "[base]"]
    assert log.ring.lines(1) == ("warn  [base] odd answer [2J second line",)


def test_files_rotate_and_are_private(log: Log) -> None:
    assert (BYTES, FILES, RING) == (50_000_000, 10, 10_000)
    for n in range(1_000):
        log.say("[x]", f"{n} " + "y" * 80)
    assert log.path is not None
    files = sorted(p.name for p in log.path.parent.iterdir())
    assert files == ["perpconsole.jsonl", "perpconsole.jsonl.1", "perpconsole.jsonl.2"]
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in log.path.parent.iterdir())
    assert len(log.ring.rows()) == 1_000
    assert log.ring.total == 1_000


def forms(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), raw.hex(), raw.hex().upper(),
        base64.b64encode(raw).decode(), base64.b64encode(b"user:" + raw).decode(),
        base64.b64encode(b"k:" + raw).decode(),
        base64.urlsafe_b64encode(b"abc" + raw + b"tail").decode(), json.dumps(secret)[1:-1],
    ]  # fmt: skip


def leaks(text: str, secret: str = CANARY) -> list[str]:
    raw = secret.encode()
    middle = [base64.b64encode(b"\0" * lead + raw).decode()[4:-4] for lead in range(3)]
    return [form for form in (secret, urllib.parse.quote(secret, safe=""), raw.hex(), *middle) if form in text]


def test_no_form_of_a_secret_reaches_file_ring_traceback_or_alert(log: Log) -> None:
    """R-X2: the canary through every path, 0 hits."""
    alerts = Alerts(Redactor([CANARY]))
    for n, form in enumerate(forms(CANARY)):
        log.say(f"[{n}]", f"request {form} failed", code=form)
        logging.getLogger("ccxt").error("binance POST /order?apiKey=%s&signature=deadbeefdeadbeef", form)
        alerts.add(n, "warn", f"code{n}", f"text {form}")
        try:
            raise ValueError(f"bad key {form}")
        except ValueError:
            logging.getLogger("core").exception("frame holding %s", form)
    assert log.path is not None
    text = "".join(p.read_text("utf-8") for p in log.path.parent.iterdir())
    ring = " ".join(row.text + row.tag for row in log.ring.rows())
    shown = " ".join(row.text for row in alerts.rows())
    for sink in (text, ring, shown):
        assert MASK in sink
        assert leaks(sink) == []
    assert "deadbeefdeadbeef" not in text + ring


def test_what_looks_like_a_secret_goes_even_if_unknown() -> None:
    clean = Redactor().clean
    for text in (
        "signature=9f8e7d6c5b4a", '"apiKey": "AbCdEf123456"', "X-MBX-APIKEY: AbCdEf123456",
        "Authorization: Bearer abc.def.ghi", "api_secret=AbCdEf123456", "passphrase='hunter22'",
    ):  # fmt: skip
        assert MASK in clean(text), text
        assert not {"9f8e7d6c5b4a", "AbCdEf123456", "abc.def.ghi", "hunter22"} & set(
            clean(text).replace("'", " ").replace('"', " ").split()
        )
    for harmless in ("order 77 filled at 2500.05", "token bucket empty", "sign test passed", "secret"):
        assert clean(harmless) == harmless
    with pytest.raises(ValueError, match="at least 6"):
        Redactor(["abc"])


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60), st.text(max_size=30))
def test_a_learned_secret_never_survives_and_cleaning_twice_changes_nothing(secret: str, around: str) -> None:
    redactor = Redactor([secret])
    once = redactor.clean(around + secret + around)
    assert secret not in once.replace(MASK, "\0")
    assert redactor.clean(once).replace(MASK, "\0").find(secret) == -1

"""The two forms of a kernel: same source, same memory, same bits."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from core import kernel as dialect
from core.domain.units import muldiv_down, muldiv_up
from core.kernel import Block, Col1, Col2, Kernels, columns, door, f64, i64, i64s, kernel
from core.rng import stream


class Walk(Block):
    pos: i64
    level: f64
    grid: i64s[2, 8]


class Scale(Block):
    step: f64
    cap: i64


@columns
class Rows(NamedTuple):
    move: Col1
    pair: Col2


@kernel
def advance(s: Scale, w: Walk, move: int) -> int:
    w.level += s.step * move + math.sqrt(abs(w.level))
    w.pos = max(-s.cap, min(s.cap, w.pos + move))
    w.grid[0 if move > 0 else 1][abs(w.pos) % 8] += 1
    return w.pos


@door
def advance_all(S: Scale, W: Walk, rows: Rows, first: int) -> int:
    total = 0
    for i in range(first, len(rows.move)):
        total += advance(S[0], W[0], rows.move[i]) + rows.pair[i, 1]
    return total


@door
def widen(S: Scale, W: Walk, by: float) -> float:
    W[0].level += by
    return W[0].level * S[0].step


def rows_of(seed: int, n: int = 200) -> Rows:
    dice = stream(seed, "dialect")
    return Rows(dice.integers(-3, 4, n).astype(np.int64), dice.integers(0, 9, (n, 2)).astype(np.int64))


@pytest.mark.parametrize("seed", range(4))
def test_plain_and_compiled_agree_to_the_last_bit(seed: int) -> None:
    images = []
    for form in ("plain", "compiled"):
        kernels, scale, walk, rows = Kernels(form), Scale(step=0.37, cap=20), Walk(level=2.5), rows_of(seed)
        result = kernels.bind(advance_all, scale, walk, rows)(0)
        widened = kernels.bind(widen, scale, walk)(0.125)
        images.append((result, widened, walk.image()))
    assert images[0] == images[1]


def test_a_running_state_may_switch_from_plain_to_compiled_between_events() -> None:
    rows, scale = rows_of(9), Scale(step=0.1, cap=5)
    whole, halves = Walk(level=1.0), Walk(level=1.0)
    Kernels("plain").bind(advance_all, scale, whole, rows)(0)
    first = Rows(rows.move[:77].copy(), rows.pair[:77].copy())
    Kernels("plain").bind(advance_all, scale, halves, first)(0)
    Kernels("compiled").bind(advance_all, scale, halves, rows)(77)
    assert whole.image() == halves.image()


def test_binding_checks_each_block_once_because_the_compiled_entry_does_not() -> None:
    with pytest.raises(TypeError, match="Expected Walk for advance_all"):
        Kernels("plain").bind(advance_all, Scale(), Scale(), rows_of(1))


def test_a_mistyped_field_and_a_mistyped_value_raise() -> None:
    with pytest.raises(TypeError, match="Expected i64, f64"):
        type("Bad", (Block,), {"__annotations__": {"x": int}, "__module__": __name__})
    with pytest.raises(AttributeError, match="no field"):
        Walk(position=1)
    with pytest.raises(TypeError):
        Walk(pos=1.5)


def test_an_image_restores_a_block_and_a_changed_layout_is_refused() -> None:
    walk = Walk(pos=3, level=-0.5)
    walk.s.grid[1][7] = 42
    other = Walk()
    other.load(walk.image())
    assert other.image() == walk.image() and other.s.grid[1][7] == 42
    with pytest.raises(ValueError, match="Expected"):
        Scale().load(walk.image())


def test_muldiv_is_exact_where_int64_would_wrap() -> None:
    dice = stream(5, "muldiv")
    for _ in range(2000):
        a, b = int(dice.integers(-(10**15), 10**15)), int(dice.integers(-(2**31), 2**31))
        assert muldiv_down(a, b, 10**8) == a * b // 10**8
        assert muldiv_up(a, b, 10**8) == -(-a * b // 10**8)


def test_a_torn_cache_file_is_made_again(tmp_path) -> None:
    program = (
        "import tests.kernels.test_kernel_dialect as t\n"
        "from core.kernel import Kernels\n"
        "w = t.Walk(level=1.0)\n"
        "print(Kernels('compiled').bind(t.widen, t.Scale(step=2.0), w)(0.5))\n"
    )
    env = {"PERP_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": "."}
    run = lambda: subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    first = run()
    assert first.stdout.strip() == "3.0", first.stderr
    files = sorted(tmp_path.rglob("*.nb[ic]"))
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[:20])
    again = run()
    assert again.stdout.strip() == "3.0", again.stderr


def test_pure_mode_runs_the_plain_form_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "PURE", True)
    assert Kernels("compiled").form == "plain"
    assert dialect.numba_usable() == (False, "PERP_PURE=1")

"""The runner behind `make chaos`: what it counts, that it goes on where it was cut off, and that it fails loudly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos import __main__ as chaos
from tests.chaos import parts, seeds
from tests.chaos.results import Result, read, summary_of, text_of, write


def result(seed: int, wrong: tuple[str, ...] = (), again: str = "", code: str = "c", **more: float) -> Result:
    kind = "pair" if seed % 10 == 9 else "maker"
    found = Result(seed, kind, list(wrong), {"late": 2}, 1.5, 10, 20, 0, 0, "ab", again, code)
    for name, value in more.items():
        setattr(found, name, value)
    return found


def test_results_of_other_code_and_a_line_that_was_cut_off_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    write(path, [result(1), result(2, code="old")])
    with path.open("a") as file:
        file.write('{"seed": 3, "kind": "mak')
    assert list(read(path, "c")) == [1]


def test_a_summary_adds_up_and_names_each_failing_seed() -> None:
    summary = summary_of([result(10, again="same"), result(9), result(4, ("3.0 s (ii) twice",), doubled=1, lost=2)])
    assert (summary.seeds, summary.pairs, summary.duplicated, summary.lost, summary.repeated) == (3, 1, 1, 2, 1)
    assert summary.fired == {"late": 6} and not summary.ok
    assert "make replay SEED=4" in text_of(summary) and "SEED=10" not in text_of(summary)


@pytest.mark.parametrize(
    "bad", [result(1, ("x",)), result(1, doubled=1), result(1, lost=1), result(1, again="different")],
    ids=["wrong", "doubled", "lost", "different"],
)  # fmt: skip
def test_any_failure_is_exit_code_one(bad: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "code_hash", lambda: "c")
    write(tmp_path / "seeds.jsonl", [result(0)])
    words = ["--part", "seeds", "--seeds", "1", "--out", str(tmp_path), "--json"]
    assert chaos.main(words) == 0  # nothing to play: all of it is there
    write(tmp_path / "seeds.jsonl", [bad])
    words[3] = "2"
    assert chaos.main(words) == 1


def test_a_part_that_fails_or_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(parts, "kills", lambda: False)
    monkeypatch.setattr(parts, "bugs", lambda: None)
    assert chaos.main(["--part", "kills", "--out", str(tmp_path)]) == 1
    assert chaos.main(["--part", "bugs", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().out.split("\n")[:2] == ["kills: FAILED", "bugs: missing: not built yet"]


@pytest.mark.slow
def test_seeds_are_played_in_processes_of_their_own_and_only_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--part", "seeds", "--seeds", "3", "--workers", "2", "--out", str(tmp_path), "--json"]
    assert chaos.main(words) == 0
    first = json.loads(capsys.readouterr().out)["seeds"]
    assert first["seeds"] == 3 and first["repeated"] == 1 and first["creates"] > 0
    stamp = (tmp_path / "seeds.jsonl").read_bytes()
    assert chaos.main(words) == 0
    assert json.loads(capsys.readouterr().out)["seeds"] == first and (tmp_path / "seeds.jsonl").read_bytes() == stamp

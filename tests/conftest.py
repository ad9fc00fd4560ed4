"""What every test gets: no network, no real state dir, a printed seed, recordings by name, and an honest last line.

Under xdist each worker loads this file; only the controller prints. `HYPOTHESIS_PROFILE=ci|dev` chooses the profile
(ci where CI is set), `PERP_TEST_SEED` the seed of the `seed` fixture, `PERP_DATA` the folder of the recordings.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import network
from tests.support.recorded import ABSENT, Recordings, data_dir

# Their processes, sockets and screens run on the machine's clock, which a test cannot stop: what fails there runs once
# more, and who needed that is named in the last lines. Random bytes get no second chance, nor does virtual time.
REAL_TIME = (
    "tests/console/",
    "tests/contract/",
    "tests/hostile/",
    "tests/process/",
    "tests/rehearsal/",
    "tests/venues/",
)
ONCE = ("tests/console/test_fuzz.py",)
SOCKET_ROOM = 60  # a unix socket path has 107 bytes; this is what a state dir may use of them

for name, examples in (("dev", 50), ("ci", 200)):
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,  # no timed unit tests
        print_blob=True,  # @reproduce_failure(...) stands in the report
        derandomize=name == "ci",
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))
network.install()


@pytest.fixture(autouse=True)
def _no_outside_connection() -> Iterator[None]:
    """Fails a test that tried to reach another machine, even if the code under test swallowed the refusal."""
    network.ATTEMPTS.clear()
    yield
    attempts, network.ATTEMPTS[:] = list(network.ATTEMPTS), []
    if attempts:
        pytest.fail(f"Expected loopback connections only, was {', '.join(attempts)}", pytrace=False)


@pytest.fixture(autouse=True)
def _the_dead_are_buried_here(request: pytest.FixtureRequest) -> Iterator[None]:
    """A killed core leaves coroutines that nobody awaits: collected behind its test, not amid another."""
    yield
    if "simulation" in request.node.nodeid or any(
        "coroutine" in str(mark.args) for mark in request.node.iter_markers("filterwarnings")
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            gc.collect()


@pytest.fixture(autouse=True)
def _no_real_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the operator's config or writes to the operator's state dir."""
    for key in [key for key in os.environ if key.startswith("PERP__")] + ["PERP_STATE_DIR", "CONFIG_PATH", "SYMBOL"]:
        monkeypatch.delenv(key, raising=False)
    home = tmp_path_factory.getbasetemp() / "home"
    for key in ("STATE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{key}_HOME", str(home / key.lower()))
    monkeypatch.setenv("PERP_ACCOUNTS_DIR", str(home / "accounts"))


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """An empty state dir, mode 0700, whose path leaves room for a unix socket name; deleted afterwards."""
    parent = tempfile.gettempdir()
    if len(parent) > SOCKET_ROOM - 20:
        parent = os.path.join(os.sep, "tmp")
    folder = Path(tempfile.mkdtemp(prefix="perp-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The same number for the same test each time, or PERP_TEST_SEED; a failure prints it."""
    chosen = os.environ.get("PERP_TEST_SEED")
    value = int(chosen) if chosen else zlib.crc32(request.node.nodeid.encode())
    request.node.add_report_section("setup", "seed", f"seed {value}; the same again: PERP_TEST_SEED={value}")
    return value


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    """`recordings("l2/...parquet")` gives the path, or skips the test by the name of the file."""
    return Recordings(data_dir())


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test that asks for recordings carries the mark `data`; one of real time gets its second run."""
    if "recordings" in getattr(item, "fixturenames", ()):
        item.add_marker("data")
    if item.nodeid.startswith(REAL_TIME) and not item.nodeid.startswith(ONCE):
        item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """The last lines, below pytest's own: who passed at its second run only, the plain counts, and what was skipped for
    want of recordings."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    ids = {key: [r.nodeid for r in reporter.stats.get(key, ())] for key in ("passed", "failed", "error", "skipped")}
    bad = {*ids["failed"], *ids["error"]}  # a test that passes and then fails in its teardown has failed
    passed = sum(nodeid not in bad for nodeid in ids["passed"])
    for report in reporter.stats.get("rerun", ()):
        if report.nodeid not in bad:
            why = getattr(getattr(report.longrepr, "reprcrash", None), "message", str(report.longrepr))
            first = "\n    ".join(why.splitlines()[:8])
            reporter.write_line(f"passed at its second run only: {report.nodeid}\n    {first}")
    absent = sum(ABSENT in str(report.longrepr) for report in reporter.stats.get("skipped", ()))
    reporter.write_line(f"{passed} passed, {len(bad)} failed, {len(ids['skipped'])} skipped")
    reporter.write_line(f"recorded-data tests skipped: {absent}")

"""Writes constraints.txt: one pin for every package of the full closure (`python -m tools.pin [--upgrade]`).

Resolves the dependencies of pyproject.toml, extras included, for each supported Python on x86_64, and those of the
program on aarch64 too, from wheels alone: a package that would need a compiler fails here (UC-01). Without --upgrade
existing pins are kept. Needs a package index.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13")
AARCH64 = [f"manylinux{tag}_aarch64" for tag in ("2014", "_2_17", "_2_27", "_2_28")]
HEADER = """\
# Every version that perpconsole is tested with on Python 3.11-3.13. Written by: python -m tools.pin
"""


def normal(name: str) -> str:
    """A package name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def resolve(wanted: list[str], python: str, platforms: list[str], keep: bool) -> dict[str, str]:
    """Name -> version of the whole closure, from wheels only; raises CalledProcessError if there is none."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--only-binary", ":all:", "--python-version", python, "--target", scratch, "--report", str(report)]
        for platform in platforms:
            command += ["--platform", platform]
        if keep and CONSTRAINTS.exists():
            command += ["-c", str(CONSTRAINTS)]
        subprocess.run([*command, *wanted], check=True)
        installs = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {normal(item["metadata"]["name"]): item["metadata"]["version"] for item in installs}


def render(found: dict[str, dict[str, str]]) -> str:
    """constraints.txt from Python version -> (name -> version); a marker only where the Pythons differ."""
    lines = []
    for name in sorted(set().union(*found.values())):
        versions = {python: pins[name] for python, pins in found.items() if name in pins}
        if len(set(versions.values())) == 1:
            lines.append(f"{name}=={next(iter(versions.values()))}")
        else:
            lines += [f"{name}=={version} ; python_version == '{python}'" for python, version in versions.items()]
    return HEADER + "\n".join(lines) + "\n"


def main() -> None:
    """Resolve for every supported Python and write the file."""
    parser = argparse.ArgumentParser(prog="python -m tools.pin", description="Write constraints.txt.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    keep = not parser.parse_args().upgrade
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime = project["dependencies"]
    everything = [*runtime, *(line for extra in project["optional-dependencies"].values() for line in extra)]
    found = {}
    for python in PYTHONS:
        print(f"resolving for Python {python}")
        found[python] = resolve(everything, python, [], keep)
    CONSTRAINTS.write_text(render(found), encoding="utf-8")
    for python in PYTHONS:
        print(f"checking wheels for Python {python} on aarch64")
        resolve(runtime, python, AARCH64, keep=True)
    print(f"constraints.txt: {len(set().union(*found.values()))} packages")


if __name__ == "__main__":
    main()

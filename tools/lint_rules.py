"""House rules that no stock linter knows, checked over the tree: `python -m tools.lint_rules [PATH ...]`.

Prints `file:line: rule: what is wrong; what to do` and exits 1 if an error was found; warnings alone exit 0.
The rules on syntax live in tools.lint_checks, this module owns files, comments and the report.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.lint_checks import Finding, Scope, check_tree

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ("app", "core", "screens")
FOLDERS = (*PROGRAM, "configs", "tests", "tools")
MAX_LINES, LONG_LINES = 350, 300

ROW_ID = re.compile(r"\b(?:UC|S[0-4]|K)-\d\d\b")
MARK = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
BLANKET = re.compile(r"#\s*(noqa(?!:)|type:\s*ignore(?!\[)|ruff:\s*noqa(?!:))", re.IGNORECASE)


def allowed_broad(path: Path = ROOT / "tools" / "lint_allow.toml") -> dict[str, str]:
    """File -> reason of every place where `except Exception` may stand; raises ValueError for an empty reason."""
    entries: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8")).get("broad-except", {})
    for name, reason in entries.items():
        if not reason.strip():
            raise ValueError(f"Expected a reason for {name} in {path.name}, was nothing")
    return entries


def check_comments(path: str, source: str) -> Iterator[Finding]:
    """Blanket suppressions and marks without a requirement id."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, text = token.start[0], token.string
        if BLANKET.search(text):
            yield Finding(
                path, line, "blanket-ignore", "suppresses every rule; name the code: noqa: E501, ignore[arg-type]"
            )
        if MARK.search(text) and not ROW_ID.search(text):
            yield Finding(
                path, line, "todo-row", "a mark without a row; name the row of REQUIREMENTS.md (S3-16) or do it"
            )


def check_length(path: str, source: str) -> Iterator[Finding]:
    """A module owns one idea."""
    lines = source.count("\n")
    if lines > MAX_LINES:
        yield Finding(
            path, lines, "length", f"{lines} lines, at most {MAX_LINES}; move the second idea to its own module"
        )
    elif lines > LONG_LINES:
        yield Finding(path, lines, "length", f"{lines} lines; look for the second idea at {LONG_LINES}", warning=True)


def check_source(path: str, source: str, allowed: dict[str, str] | None = None) -> list[Finding]:
    """All findings of one file; `path` is relative to the repo, with slashes, and decides which rules hold."""
    folder = path.split("/", 1)[0]
    try:
        tree = ast.parse(source, filename=path)
    except SyntaxError as error:
        return [Finding(path, error.lineno or 1, "syntax", str(error.msg))]
    found = list(check_comments(path, source))
    if folder in PROGRAM:
        found += check_length(path, source)
        found += check_tree(tree, Scope(path, broad_allowed=path in (allowed or {})))
    return sorted(found, key=lambda finding: (finding.path, finding.line, finding.rule))


def sources(paths: Iterable[Path]) -> Iterator[Path]:
    """The Python files at or below the given paths, in a stable order."""
    for path in paths:
        if path.is_file():
            yield path
        else:
            yield from sorted(file for file in path.rglob("*.py") if ".venv" not in file.parts)


def check_repo(root: Path, paths: Iterable[Path]) -> list[Finding]:
    """Findings of every file under `paths`, and of allow-list entries that no longer have a reason to be there."""
    allowed = allowed_broad()
    found: list[Finding] = []
    for file in sources(paths):
        name = file.resolve().relative_to(root).as_posix()
        found += check_source(name, file.read_text(encoding="utf-8"), allowed)
    for name in allowed:
        file = root / name
        if file.is_file() and not any(
            f.rule == "broad-except" for f in check_source(name, file.read_text("utf-8"), {})
        ):
            text = f"{name} holds no broad except any more; delete its line"
            found.append(Finding("tools/lint_allow.toml", 1, "allow-stale", text, warning=True))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Check the given paths, or the whole tree; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.lint_rules", description="House rules of perpconsole.")
    parser.add_argument("paths", nargs="*", type=Path, help="files or folders (default: the whole tree)")
    paths = parser.parse_args(arguments).paths or [ROOT / folder for folder in FOLDERS if (ROOT / folder).is_dir()]
    found = check_repo(ROOT, paths)
    for finding in found:
        print(finding)
    errors = sum(not finding.warning for finding in found)
    print(f"house rules: {errors} errors, {len(found) - errors} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

"""The house rules on syntax: time, chance and tasks from one module each, honest excepts, no markup from data.

Names are resolved through a file's own imports, so `from time import monotonic as now` is found and a method that
happens to be called `sleep` is not. A new rule is one `visit_` branch here and one planted sample in tests/project.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

SEAMS = ("core/clock.py", "core/rng.py", "core/tasks.py")
SEAMED = ("core/", "screens/")  # where only the seams may touch clock, chance and tasks

TIME = "reads or waits on a clock; take `now` from the event, the Snapshot or core.clock"
CHANCE = "makes chance; draw from a named stream of core.rng"
TASKS = "makes or times a task; use core.tasks, so that virtual time and the seeded scheduler see it"

BANNED = {
    **dict.fromkeys(
        [f"time.{name}{ns}" for name in ("time", "monotonic", "perf_counter", "process_time") for ns in ("", "_ns")]
        + ["time.sleep", "time.clock_gettime", "time.clock_gettime_ns"]
        + [f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")]
        + ["datetime.date.today"],
        ("clock", TIME),
    ),
    **dict.fromkeys(["random", "numpy.random", "uuid", "secrets", "os.urandom", "os.getrandom"], ("chance", CHANCE)),
    **dict.fromkeys(
        [f"asyncio.{name}" for name in ("sleep", "create_task", "ensure_future", "wait_for", "timeout", "timeout_at")]
        + ["asyncio.TaskGroup"],
        ("tasks", TASKS),
    ),
}
TASK_METHODS = {"create_task", "ensure_future"}  # on a loop or a group, whose type the syntax does not show
BROAD = {"Exception", "BaseException"}
MARKUP_CALLS = {"from_markup", "render_markup"}
MARKUP_BY_DEFAULT = {"Static", "Label", "notify"}


@dataclass(frozen=True)
class Finding:
    """One broken rule at one place."""

    path: str
    line: int
    rule: str
    text: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {'warning: ' if self.warning else ''}{self.rule}: {self.text}"


@dataclass
class Scope:
    """Which file is read and what it may do."""

    path: str
    broad_allowed: bool = False
    found: list[Finding] = field(default_factory=list)

    @property
    def seamed(self) -> bool:
        return self.path.startswith(SEAMED) and self.path not in SEAMS

    def add(self, node: ast.AST, rule: str, text: str, *, warning: bool = False) -> None:
        self.found.append(Finding(self.path, getattr(node, "lineno", 1), rule, text, warning))


def check_tree(tree: ast.Module, scope: Scope) -> list[Finding]:
    """The findings of one parsed file."""
    names = _Imports()
    names.visit(tree)
    _Rules(scope, names.origin).visit(tree)
    return scope.found


class _Imports(ast.NodeVisitor):
    """Local name -> dotted origin, over all imports of the file (also those inside functions)."""

    def __init__(self) -> None:
        self.origin: dict[str, str] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            root = alias.name.split(".", 1)[0]
            self.origin[alias.asname or root] = alias.name if alias.asname else root

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.origin[alias.asname or alias.name] = f"{node.module}.{alias.name}"


class _Rules(ast.NodeVisitor):
    def __init__(self, scope: Scope, origin: dict[str, str]) -> None:
        self.scope = scope
        self.origin = origin

    def dotted(self, node: ast.expr) -> str | None:
        """The dotted origin of a name or attribute chain, None if its root was not imported here."""
        if isinstance(node, ast.Name):
            return self.origin.get(node.id)
        if isinstance(node, ast.Attribute) and (base := self.dotted(node.value)):
            return f"{base}.{node.attr}"
        return None

    def ban(self, node: ast.AST, name: str | None) -> None:
        if self.scope.seamed and name in BANNED:
            rule, why = BANNED[name]
            self.scope.add(node, rule, f"{name} {why}")

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.ban(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        origins = [f"{node.module}.{alias.name}" for alias in node.names]
        if node.module in BANNED:
            self.ban(node, node.module)
            return
        for origin in origins:
            self.ban(node, origin)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self.dotted(node)
        self.ban(node, name)
        if self.scope.seamed and node.attr in TASK_METHODS and not (name or "").startswith(("asyncio.", "core.tasks.")):
            self.scope.add(node, "tasks", f".{node.attr} {TASKS}")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is None:
            self.scope.add(node, "bare-except", "catches even a cancel and Ctrl+C; name the error expected here")
        elif any(isinstance(part, ast.Name) and part.id in BROAD for part in _parts(node.type)):
            self.broad(node, f"except {ast.unparse(node.type)}", reraises=_reraises(node))
        if all(_is_nothing(statement) for statement in node.body):
            self.scope.add(
                node, "silent-except", "hides an error; handle it, or contextlib.suppress(NamedError) with why"
            )
        self.generic_visit(node)

    def broad(self, node: ast.AST, what: str, *, reraises: bool = False) -> None:
        if not reraises and not self.scope.broad_allowed:
            text = f"{what} hides faults of ours; name the errors, or add file and reason to tools/lint_allow.toml"
            self.scope.add(node, "broad-except", text)

    def visit_Call(self, node: ast.Call) -> None:
        if self.dotted(node.func) in ("contextlib.suppress",):
            for argument in node.args:
                if isinstance(argument, ast.Name) and argument.id in BROAD:
                    self.broad(node, f"suppress({argument.id})")
        self.markup(node)
        self.generic_visit(node)

    def markup(self, node: ast.Call) -> None:
        """Text from a venue holds brackets: as markup it raises, or paints what it likes."""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        if not any(_interpolates(value) for value in values):
            return
        switch = next((keyword.value for keyword in node.keywords if keyword.arg == "markup"), None)
        state = switch.value if isinstance(switch, ast.Constant) else None
        if state is True or called in MARKUP_CALLS:
            self.scope.add(
                node, "markup", f"{called}() reads data as markup; build a Text or Content, style by parameter"
            )
        elif called in MARKUP_BY_DEFAULT and switch is None:
            self.scope.add(node, "markup", f"{called}() reads markup by default; say markup=False", warning=True)


def _parts(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _reraises(node: ast.ExceptHandler) -> bool:
    """It ends by raising, the same error or a named one of ours: nothing is swallowed."""
    return isinstance(node.body[-1], ast.Raise)


def _is_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and not isinstance(node.value.value, bytes)
    )


def _interpolates(node: ast.expr) -> bool:
    """An f-string with a field, `"..." % x` or `"...".format(x)`."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and isinstance(node.func.value, ast.Constant)
    )

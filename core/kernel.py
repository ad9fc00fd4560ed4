"""The kernel dialect: `@kernel` functions, the blocks they write, and the two forms in which they run.

A kernel is plain Python. `Kernels("compiled")` builds a numba twin of the same source; both forms work on the same
memory, so a running engine may switch from one to the other between two events. numba is imported on first use.
Source: shared/KERNELS.md. This module must not know any particular kernel.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.util
import os
import pathlib
import pickle
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import numpy.typing as npt

F = TypeVar("F", bound=Callable[..., Any])
PURE = os.environ.get("PERP_PURE") == "1"
BOUNDS = os.environ.get("PERP_BOUNDS") == "1"


class _Field:
    """Type of one block field: a 64-bit scalar, or with `[n]` / `[n, m]` an array of them."""

    def __init__(self, np_type: str, c_type: Any, shape: tuple[int, ...] = ()) -> None:
        self.np_type, self.c_type, self.shape = np_type, c_type, shape

    def __getitem__(self, shape: int | tuple[int, ...]) -> _Field:
        return _Field(self.np_type, self.c_type, shape if isinstance(shape, tuple) else (shape,))


if typing.TYPE_CHECKING:
    i64 = int
    f64 = float

    class i64s:  # an array field: `px: i64s[2, 20]`, indexed `q.px[side][i]`
        def __getitem__(self, i: Any) -> Any: ...
        def __setitem__(self, i: Any, value: Any) -> None: ...

    f64s = i64s
else:
    i64 = _Field("i8", ctypes.c_int64)
    f64 = _Field("f8", ctypes.c_double)
    i64s, f64s = i64, f64


class Block:
    """One fixed-layout record of int64 and float64 fields, declared by annotation in the subclass.

    `.a` is a numpy array of one record (what compiled doors take), `.s` a ctypes view of the same bytes (what plain
    kernels and Python read and write). A mistyped field raises at class creation, a mistyped value at assignment.
    """

    dtype: ClassVar[np.dtype[Any]]
    struct: ClassVar[type[ctypes.Structure]]
    fields: ClassVar[dict[str, _Field]]

    def __init_subclass__(cls) -> None:
        fields = {name: _field_of(cls, name, note) for name, note in cls.__annotations__.items()}
        cls.fields = fields
        cls.dtype = np.dtype([(n, f.np_type, f.shape) for n, f in fields.items()], align=True)
        c_fields = []
        for name, field in fields.items():
            c_type = field.c_type
            for n in reversed(field.shape):
                c_type = c_type * n
            c_fields.append((name, c_type))
        cls.struct = type(cls.__name__ + "Struct", (ctypes.Structure,), {"_fields_": c_fields, "__slots__": ()})
        if ctypes.sizeof(cls.struct) != cls.dtype.itemsize:
            raise TypeError(f"{cls.__name__}: numpy and ctypes disagree on the layout")

    def __init__(self, **values: Any) -> None:
        self.a: npt.NDArray[Any] = np.zeros(1, self.dtype)
        self.s: Any = self.struct.from_buffer(self.a.data)
        self.plain: tuple[Any] = (self.s,)
        for name, value in values.items():
            if name not in self.fields:
                raise AttributeError(f"{type(self).__name__} has no field {name!r}")
            self.set(name, value)

    def __getitem__(self, i: int) -> Self:
        """Doors write `B[0]`; for the type checker the record has the block's own fields."""
        return self.s

    def set(self, name: str, value: Any) -> None:
        """Assign a scalar or a whole (nested) sequence to a field."""
        if self.fields[name].shape:
            self.a[name][0] = value
        else:
            setattr(self.s, name, value)

    def array(self, name: str) -> npt.NDArray[Any]:
        """A live numpy view of an array field, shape as declared."""
        return typing.cast("npt.NDArray[Any]", self.a[name][0])

    def copy(self) -> Self:
        other = type(self)()
        other.a[:] = self.a
        return other

    def image(self) -> bytes:
        """The exact state; parity checks and snapshots compare and store this."""
        return self.a.tobytes()

    def load(self, raw: bytes) -> None:
        """Restore what `image()` gave. Raises ValueError when the layout changed."""
        if len(raw) != self.dtype.itemsize:
            raise ValueError(f"Expected {self.dtype.itemsize} bytes of {type(self).__name__}, was {len(raw)}")
        self.a[:] = np.frombuffer(raw, self.dtype)

    def items(self) -> Iterator[tuple[str, Any]]:
        """Scalar fields by name, for display."""
        for name, field in self.fields.items():
            if not field.shape:
                yield name, getattr(self.s, name)


def _field_of(cls: type, name: str, note: Any) -> _Field:
    if isinstance(note, str):
        note = eval(note, vars(sys.modules[cls.__module__]))  # postponed annotations: our own class bodies only
    if not isinstance(note, _Field):
        raise TypeError(f"Expected i64, f64 or an array of them for {cls.__name__}.{name}, was {note!r}")
    return note


_KERNELS: dict[str, dict[str, Callable[..., Any]]] = {}
_DOORS: list[Callable[..., Any]] = []


def kernel(f: F) -> F:
    """Mark `f` as a kernel. Called from Python it is the plain form; `Kernels` gives the compiled one."""
    _KERNELS.setdefault(f.__module__, {})[f.__name__] = f
    f.__kernel__ = True  # type: ignore[attr-defined]
    return f


def door(f: F) -> F:
    """A kernel that Python calls. Its annotations fix its one compiled signature.

    Parameters are Block classes (the body takes `B[0]`), Columns classes, `int` or `float`; blocks and columns first.
    """
    _DOORS.append(f)
    return kernel(f)


class _NumbaAbsent(ImportError):
    pass


@functools.cache
def _numba() -> Any:
    if "NUMBA_CACHE_DIR" not in os.environ:
        os.environ["NUMBA_CACHE_DIR"] = str(cache_dir())
    try:
        import numba
    except Exception as error:  # a broken numba must leave the plain form running
        raise _NumbaAbsent(str(error)) from error
    return numba


def cache_dir() -> pathlib.Path:
    """Where compiled kernels are kept: one folder a content hash of every kernel file, interpreter and build form.

    numba notices edits in the file of the outermost function only, hence the hash over all of them and their constants.
    """
    root = pathlib.Path(__file__).resolve().parent
    digest = hashlib.sha256(f"{sys.version_info[:2]} {BOUNDS} {np.__version__}".encode())
    for path in sorted(root.rglob("*.py")):
        source = path.read_bytes()
        constants = path.name in ("reasons.py", "units.py", "words.py", "events.py")  # numbers that kernels take over
        if constants or (b"import" in source and (b"@kernel" in source or b"Block" in source or b"Columns" in source)):
            digest.update(str(path.relative_to(root)).encode() + source)
    base = os.environ.get("PERP_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "perpconsole"
    )
    return pathlib.Path(base) / "kernels" / digest.hexdigest()[:16]


_twins: dict[str, dict[str, Any]] = {}


def _twin(module_name: str) -> dict[str, Any]:
    """The globals of a module with every kernel in it, own or imported, replaced by its compiled dispatcher."""
    if module_name in _twins:
        return _twins[module_name]
    numba = _numba()
    module = sys.modules[module_name]
    twin = dict(vars(module))
    _twins[module_name] = twin
    options = {"cache": True, "error_model": "python", "nogil": True, "boundscheck": BOUNDS or None}
    for name, value in vars(module).items():
        if not getattr(value, "__kernel__", False):
            continue
        if value.__module__ == module_name:
            clone = types.FunctionType(value.__code__, twin, value.__name__, value.__defaults__)
            clone.__qualname__ = value.__qualname__
            clone.__module__ = module_name
            twin[name] = numba.njit(**options)(clone)
        else:
            twin[name] = _twin(value.__module__)[value.__name__]
    return twin


_COLUMNS: dict[type, dict[str, tuple[str, int]]] = {}


def columns(cls: type) -> type:
    """Register a NamedTuple of int64 arrays, the form in which bulk columns enter kernels.

    Fields are annotated `Col1`, `Col2` or `Col3` by their number of axes, in a module with postponed annotations.
    """
    notes = {n: str(getattr(note, "__forward_arg__", note)) for n, note in cls.__annotations__.items()}
    _COLUMNS[cls] = {n: ("i8", int(note[-1])) for n, note in notes.items()}
    return cls


Col1 = Any
Col2 = Any
Col3 = Any


def _numba_type(note: Any) -> Any:
    numba = _numba()
    if isinstance(note, type) and issubclass(note, Block):
        return numba.typeof(np.zeros(1, note.dtype))
    if note in _COLUMNS:
        arrays = [np.zeros((0,) * axes, kind) for kind, axes in _COLUMNS[note].values()]
        return numba.typeof(note(*arrays))
    if note is int:
        return numba.int64
    if note is float:
        return numba.float64
    raise TypeError(f"Expected a Block, registered columns, int or float, was {note!r}")


@functools.cache
def _hints(f: Callable[..., Any]) -> tuple[tuple[str, Any], ...]:
    """Name and type of each argument of a door. Kept: a door is bound anew at every window of a feed."""
    hints = typing.get_type_hints(f, vars(sys.modules[f.__module__]))
    return tuple((name, hints[name]) for name in f.__code__.co_varnames[: f.__code__.co_argcount])


def _signature(f: Callable[..., Any]) -> tuple[Any, ...]:
    return tuple(_numba_type(hint) for _, hint in _hints(f))


_TORN_CACHE = (EOFError, ValueError, LookupError, ImportError, AttributeError, OSError, pickle.UnpicklingError)


def _compile(f: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled entry of a door: from the cache, or compiled now. A torn cache file is deleted and made again."""
    dispatcher = _twin(f.__module__)[f.__name__]
    if not dispatcher.overloads:
        try:
            dispatcher.compile(_signature(f))
        except _TORN_CACHE:
            _drop_cache()
            dispatcher.compile(_signature(f))
        if len(dispatcher.signatures) != 1:
            raise TypeError(f"Expected one signature for {f.__name__}, was {dispatcher.signatures}")
        dispatcher.disable_compile()
    return typing.cast("Callable[..., Any]", dispatcher.overloads[dispatcher.signatures[0]].entry_point)


def _drop_cache() -> None:
    for path in pathlib.Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nb[ic]"):
        path.unlink(missing_ok=True)


def numba_usable() -> tuple[bool, str]:
    """Whether the compiled form can run here, and if not, why not."""
    if PURE:
        return False, "PERP_PURE=1"
    if importlib.util.find_spec("numba") is None:
        return False, "numba is not installed"
    try:
        _numba()
    except _NumbaAbsent as error:
        return False, f"numba does not import: {error}"
    return True, "numba"


class Kernels:
    """One form of all kernels, `plain` or `compiled`; binds doors to the blocks that they work on."""

    def __init__(self, form: str) -> None:
        if form not in ("plain", "compiled"):
            raise ValueError(f"Expected plain or compiled, was {form!r}")
        self.form = "plain" if PURE else form

    def bind(self, f: Callable[..., Any], *given: Any) -> Callable[..., Any]:
        """`f` with its leading blocks and columns fixed; call the result with the remaining ints and floats.

        Argument types are checked here, once: the compiled entry itself does not check them.
        """
        for (name, hint), value in zip(_hints(f), given, strict=False):
            if not isinstance(value, hint):
                raise TypeError(f"Expected {hint.__name__} for {f.__name__}({name}), was {type(value).__name__}")
        return functools.partial(self.call(f), *(self.arg(value) for value in given))

    def call(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """The bare function of a door in this form."""
        return f if self.form == "plain" else _compile(f)

    def arg(self, value: Any) -> Any:
        """What a door takes for a block or for columns in this form."""
        if isinstance(value, Block):
            return value.plain if self.form == "plain" else value.a
        if type(value) in _COLUMNS:
            if self.form == "compiled":
                return value
            return type(value)(*(memoryview(column) for column in value))
        return value


def best_kernels() -> Kernels:
    """Compiled where numba works, else plain."""
    return Kernels("compiled" if numba_usable()[0] else "plain")


def doors() -> list[Callable[..., Any]]:
    """Every door of the modules imported so far, in order of definition."""
    return list(_DOORS)


def warm(report: Callable[[int, int], None] | None = None) -> int:
    """Compile or load all doors imported so far; returns how many. `report(done, of)` after each."""
    for n, f in enumerate(_DOORS, 1):
        _compile(f)
        if report:
            report(n, len(_DOORS))
    return len(_DOORS)


def block_of(model: Any) -> Block:
    """A parameter block from a flat pydantic model: int and bool fields become i64, float f64, in order."""
    kinds = {int: i64, bool: i64, float: f64}
    notes = {name: kinds[field.annotation] for name, field in type(model).model_fields.items()}
    cls = type(type(model).__name__ + "Block", (Block,), {"__annotations__": notes, "__module__": __name__})
    return typing.cast("Block", cls(**model.model_dump()))

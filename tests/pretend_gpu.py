"""A pretend GPU: tensors that claim another device, over data on the CPU. It computes what the CPU does, refuses mixed
devices as a GPU does, and counts what would cost time there.

    with counted() as costs:
        model(images.to(PRETEND))
    costs.kernels, costs.syncs, costs.copies      # each a Counter of places in the package, as attacks/apgd.py:72

    with limited(2**20) as memory:                # torch.OutOfMemoryError where tensors there take more bytes
        memory.peak(lambda: model(images.to(PRETEND)))

A kernel is an operation that computes; a sync makes the CPU wait for the device; a copy crosses between the two.
Storage is shared as on a real device, so that views and in-place operations do what they do elsewhere.
"""

import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils import backend_registration
from torch.utils._pytree import tree_map

NAME = "pretend"
PACKAGE = str(Path(__file__).parents[1] / "thinice_tui")
AVAILABLE = hasattr(backend_registration, "_setup_privateuseone_for_python_backend")
"""Whether this torch lets Python be a backend."""
SYNCS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "unique_dim", "_unique2", "is_nonzero")
VIEWS = frozenset(
    word
    for line in (
        "view _unsafe_view _reshape_alias reshape expand permute transpose t select slice unsqueeze squeeze detach",
        "alias as_strided split split_with_sizes unbind narrow diagonal unfold chunk view_as lift_fresh",
        "empty empty_like empty_strided new_empty new_empty_strided",
    )
    for word in line.split()
)
"""Operations that start no kernel."""


@dataclass(frozen=True)
class Costs:
    """How often each line of the package started a kernel, made the CPU wait, or copied between the devices."""

    kernels: Counter[str] = field(default_factory=Counter)
    syncs: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)


class Memory:
    """The bytes that tensors there take, each storage once, and at most `limit`.

    In torch's own thread of the backward pass no Python error may be raised: it is raised by the next tensor after it.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.used, self._most = limit, 0, 0
        self._exceeded = False
        self._holders: Counter[int] = Counter()

    def free(self) -> int:
        """What can still be taken."""
        return self.limit - self.used

    def peak(self, compute: Callable[[], object]) -> int:
        """What `compute` took at most, beyond what was taken before."""
        before = self._most = self.used
        compute()
        self._check()
        return self._most - before

    def _check(self) -> None:
        exceeded, self._exceeded = self._exceeded, False
        if exceeded:
            raise torch.OutOfMemoryError(f"{NAME} out of memory: {self.limit} bytes do not suffice")

    def hold(self, tensor: "PretendTensor") -> None:
        """Count the tensor's storage until the last tensor that has it is gone."""
        storage = tensor.data_there.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if not self._holders[place]:
            self._exceeded = self._exceeded or self.used + size > self.limit
            if threading.current_thread() is threading.main_thread():
                self._check()
            self.used += size
            self._most = max(self._most, self.used)
        self._holders[place] += 1
        weakref.finalize(tensor, self._release, place, size)

    def _release(self, place: int, size: int) -> None:
        self._holders[place] -= 1
        if not self._holders[place]:
            self.used -= size


_costs: list[Costs] = []
_memories: list[Memory] = []
_failures: list[tuple[str, int, BaseException]] = []


@contextmanager
def counted() -> Iterator[Costs]:
    """Count until the end of the block."""
    costs = Costs()
    _costs.append(costs)
    try:
        yield costs
    finally:
        _costs.remove(costs)


@contextmanager
def failing(operation: str, above: int, error: BaseException) -> Iterator[None]:
    """Raise `error` from every `operation` whose result has more than `above` rows."""
    _failures.append((operation, above, error))
    try:
        yield
    finally:
        _failures.pop()


@contextmanager
def limited(limit: int) -> Iterator[Memory]:
    """Raise torch.OutOfMemoryError where tensors made from now on take more than `limit` bytes."""
    memory = Memory(limit)
    _memories.append(memory)
    try:
        yield memory
    finally:
        _memories.remove(memory)


class _Backend:
    """What torch asks of a backend's module; the device draws no random numbers."""

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def manual_seed_all(self, seed: int) -> None:
        """There is nothing to seed."""

    def get_rng_state(self, device: object = None) -> torch.Tensor:  # noqa: ARG002
        return torch.empty(0, dtype=torch.uint8)

    def set_rng_state(self, state: torch.Tensor, device: object = None) -> None:
        """There is no state."""

    def _is_in_bad_fork(self) -> bool:
        return False


class PretendTensor(torch.Tensor):
    """Claims the device PRETEND; `data_there` [same shape] is a tensor on the CPU."""

    data_there: torch.Tensor

    @staticmethod
    def __new__(cls, data: torch.Tensor) -> "PretendTensor":
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            data.shape,
            strides=data.stride(),
            storage_offset=data.storage_offset(),
            dtype=data.dtype,
            device=PRETEND,
        )
        made.data_there = data
        for memory in _memories:
            memory.hold(made)
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> Any:  # type: ignore[override]
        return f"{NAME}: {self.data_there!r}"

    def tolist(self) -> Any:
        """A list of numbers; it makes the CPU wait."""
        for costs in _costs:
            costs.syncs[_place()] += 1
        return self.data_there.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """As on a GPU: refused."""
        raise TypeError(f"can't convert {PRETEND} device type tensor to numpy (force={force})")

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        return _run(func, args, dict(kwargs or {}))


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    name = func.overloadpacket.__name__
    target = kwargs.get("device")
    there = [one for one in _tensors((args, kwargs)) if isinstance(one, PretendTensor)]
    here = [one for one in _tensors((args, kwargs)) if not isinstance(one, PretendTensor) and one.dim()]
    leaves = name == "_to_copy" and target is not None and torch.device(target).type == "cpu"
    crosses = leaves or name in ("copy_", "_copy_from") or (name == "_to_copy" and not there)
    if there and here and not crosses and name not in ("index_put_", "index", "set_"):
        raise RuntimeError(f"Expected all tensors to be on the same device: {name} of {PRETEND} and cpu")
    if name in ("index", "index_put_") and here and any(one.dtype is not torch.bool for one in here):
        raise RuntimeError(f"indices should be on {PRETEND}: {name}")
    _count(name, args, (bool(here) and crosses) or leaves)
    plain = {key: value for key, value in kwargs.items() if key != "device"}
    if target is not None and (leaves or "device" in kwargs):
        plain["device"] = "cpu"
    found = func(*tree_map(_unwrapped, args), **tree_map(_unwrapped, plain))
    for operation, above, error in _failures:
        if name == operation and there and len(found) > above:
            raise error
    if resized := [one for one in there if one.shape != one.data_there.shape]:
        raise RuntimeError(f"{name} resizes its result, which {PRETEND} cannot do: {resized[0]!r}")
    if leaves:
        return found
    known = {id(one.data_there): one for one in there}
    return tree_map(lambda one: known.get(id(one), PretendTensor(one)) if isinstance(one, torch.Tensor) else one, found)


def _count(name: str, args: tuple[Any, ...], crosses: bool) -> None:
    if not _costs:
        return
    place = _place()
    masks = name in ("index", "index_put_") and any(one.dtype is torch.bool for one in _tensors(args[1:2]))
    for costs in _costs:
        if crosses:
            costs.copies[place] += 1
        elif name not in VIEWS:
            costs.kernels[place] += 1
        if name in SYNCS or masks:
            costs.syncs[place] += 1


def _place() -> str:
    """The innermost line of the package on the stack."""
    frame = sys._getframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(PACKAGE):
            return f"{Path(file).relative_to(PACKAGE)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return "outside"


def _tensors(values: Any) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    tree_map(lambda one: found.append(one) if isinstance(one, torch.Tensor) else None, values)
    return found


def _unwrapped(value: Any) -> Any:
    return value.data_there if isinstance(value, PretendTensor) else value


def _created(func: Any, *args: Any, **kwargs: Any) -> Any:
    return _run(func, args, kwargs)


if AVAILABLE:
    backend_registration._setup_privateuseone_for_python_backend(NAME, _Backend())
    _library = torch.library.Library("_", "IMPL")  # type: ignore[no-untyped-call]
    # operations that create tensors there
    _library.fallback(_created, "PrivateUse1")  # type: ignore[no-untyped-call]
    _aten = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    for _arange in ("arange", "arange.start", "arange.start_step"):  # torch resizes an empty tensor for these
        _func = getattr(torch.ops.aten.arange, _arange.partition(".")[2] or "default")
        _aten.impl(_arange, partial(_created, _func), "PrivateUse1")  # type: ignore[no-untyped-call]
PRETEND = torch.device(f"{NAME}:0") if AVAILABLE else torch.device("cpu")

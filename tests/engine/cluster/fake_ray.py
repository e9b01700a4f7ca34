"""Ray in this process, for a test that decides when a worker fails: references, actors, and a cluster of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ray import exceptions

Fate = Callable[[str, int], BaseException | None]
"""Of a method's name and the number of the worker that is called: what happens instead, None: nothing."""


@dataclass(eq=False)
class Reference:
    """What `remote()` and `put` return."""

    compute: Callable[[], Any]


class FakeRay:
    """The functions of Ray that the executor calls; everything is computed when it is asked for."""

    exceptions = exceptions

    def put(self, value: Any) -> Reference:
        return Reference(lambda: value)

    def get(self, reference: Any) -> Any:
        return [one.compute() for one in reference] if isinstance(reference, list) else reference.compute()

    def wait(self, references: Sequence[Reference], **_: object) -> tuple[list[Reference], list[Reference]]:
        """All are ready, in the order in which they were asked for."""
        return list(references), []


class _Method:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def options(self, concurrency_group: str) -> "_Method":
        assert concurrency_group in ("compute", "control")
        return self

    def remote(self, *arguments: object) -> Reference:
        return Reference(lambda: self._call(*arguments))


class FakeActor:
    def __init__(self, number: int, worker: Any, fate: Fate, ended: set[int]) -> None:
        self.number, self._worker, self._fate, self._ended = number, worker, fate, ended

    def __getattr__(self, name: str) -> _Method:
        def call(*arguments: Any) -> Any:
            if self.number in self._ended:
                raise exceptions.RayActorError
            if error := self._fate(name, self.number):
                raise error
            return getattr(self._worker, name)(*arguments)

        return _Method(call)


@dataclass
class FakeCluster:
    """Starts workers of the real class, which `fate` may end."""

    fate: Fate = lambda *_: None
    ray: FakeRay = field(default_factory=FakeRay)
    started: int = 0
    ended: set[int] = field(default_factory=set)
    closed: bool = False

    def start(
        self, worker: type, gpus: int, environment: Mapping[str, str], setup: Reference, device: str
    ) -> FakeActor:
        assert gpus == 0 and {"OMP_NUM_THREADS", "MKL_NUM_THREADS"} <= set(environment)
        self.started += 1
        return FakeActor(self.started - 1, worker(setup.compute(), device), self.fate, self.ended)

    def stop(self, actor: FakeActor) -> None:
        self.ended.add(actor.number)

    def close(self) -> None:
        self.closed = True


def lost() -> BaseException:
    """What Ray raises where a worker has ended."""
    error: BaseException = exceptions.RayActorError()
    return error

"""thinice-tui shows which samples a neural network loses when it is pruned, under attack.

    import thinice_tui as ti

    run = ti.load_run("runs/dense-pruned-1a2b3c4d.thinice")        # without torch
    result = ti.attack(model, images, labels, attack="quick")      # a torch module in memory

docs/python.md is the tour. What is named here is loaded when it is first used: importing the package loads neither
torch nor NumPy.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thinice_tui.errors import CheckpointError as CheckpointError
    from thinice_tui.errors import CodeError as CodeError
    from thinice_tui.errors import DataError as DataError
    from thinice_tui.errors import Interrupted as Interrupted
    from thinice_tui.errors import ModelError as ModelError
    from thinice_tui.errors import RunBusyError as RunBusyError
    from thinice_tui.errors import RunFileError as RunFileError
    from thinice_tui.errors import ThiniceError as ThiniceError
    from thinice_tui.errors import ThiniceWarning as ThiniceWarning
    from thinice_tui.errors import UsageError as UsageError
    from thinice_tui.protocol.progress import Heartbeat as Heartbeat
    from thinice_tui.python.attack import AttackResult as AttackResult
    from thinice_tui.python.attack import attack as attack
    from thinice_tui.python.compare import compare as compare
    from thinice_tui.python.load import load_run as load_run
    from thinice_tui.python.load import load_runs as load_runs
    from thinice_tui.python.loaded_run import AdversarialImages as AdversarialImages
    from thinice_tui.python.loaded_run import LoadedRun as LoadedRun
    from thinice_tui.python.loaded_runs import LoadedRuns as LoadedRuns
    from thinice_tui.python.model_results import ModelResults as ModelResults
    from thinice_tui.python.thin_ice_weights import thin_ice_weights as thin_ice_weights
    from thinice_tui.report.thin_ice_export import ThinIceWeights as ThinIceWeights

    __version__: str

_ERRORS = (
    "CheckpointError", "CodeError", "DataError", "Interrupted", "ModelError", "RunBusyError", "RunFileError",
    "ThiniceError", "ThiniceWarning", "UsageError",
)  # fmt: skip
_PLACES = {
    **dict.fromkeys(_ERRORS, "thinice_tui.errors"),
    "Heartbeat": "thinice_tui.protocol.progress",
    "AttackResult": "thinice_tui.python.attack",
    "attack": "thinice_tui.python.attack",
    "compare": "thinice_tui.python.compare",
    "load_run": "thinice_tui.python.load",
    "load_runs": "thinice_tui.python.load",
    "AdversarialImages": "thinice_tui.python.loaded_run",
    "LoadedRun": "thinice_tui.python.loaded_run",
    "LoadedRuns": "thinice_tui.python.loaded_runs",
    "ModelResults": "thinice_tui.python.model_results",
    "ThinIceWeights": "thinice_tui.report.thin_ice_export",
    "thin_ice_weights": "thinice_tui.python.thin_ice_weights",
}
"""The module of each public name."""


if not TYPE_CHECKING:  # else a type checker would believe in every name

    def __getattr__(name: str) -> object:
        """Load what is named, once."""
        if name == "__version__":
            from thinice_tui.version import package_version

            return globals().setdefault(name, package_version())
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return globals().setdefault(name, getattr(import_module(_PLACES[name]), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES, "__version__"})

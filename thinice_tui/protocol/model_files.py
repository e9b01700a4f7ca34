"""The model files of a comparison: their roles, and names that are unique in a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Role = Literal["dense", "pruned", "control"]
IN_MEMORY = "in memory"
"""What stands for the file of a module of a Python program: its path ends with it, in brackets."""


@dataclass(frozen=True)
class ModelFile:
    """A model file with its role and its name in the run."""

    role: Role
    name: str
    path: Path


def model_files(dense: Path, pruned: Sequence[Path], control: Path | None = None) -> tuple[ModelFile, ...]:
    """The files in the order of a run: dense, pruned ones, control."""
    found: list[tuple[Role, Path]] = [("dense", dense), *(("pruned", path) for path in pruned)]
    found += [] if control is None else [("control", control)]
    names = _unique_names([path for _, path in found])
    return tuple(ModelFile(role, name, path) for (role, path), name in zip(found, names, strict=True))


def model_named(asked: str, roles: Mapping[str, str]) -> str | None:
    """The name of the model that `asked` means: a name, or else a role that one model alone has; None: there is none.

    roles: role by name of every model.
    """
    having = [name for name, role in roles.items() if role == asked]
    return asked if asked in roles else having[0] if len(having) == 1 else None


def plain_name(path: Path) -> str:
    """The file's name without its suffix, and without .gz behind it: pruned of pruned.pt and of pruned.pt.gz."""
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).stem


def _unique_names(paths: Sequence[Path]) -> list[str]:
    """Unique model names: file names without suffix, with the folder or a number where two are the same."""
    names = [plain_name(path) for path in paths]
    longer = [f"{path.resolve().parent.name}/{plain_name(path)}" for path in paths]
    if len(set(names)) < len(set(longer)):
        names = longer
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique

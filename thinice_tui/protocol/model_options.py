"""How the model files of a comparison are read: options for all of them, for the pruned ones, or for one file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from thinice_tui.errors import UsageError
from thinice_tui.protocol.model_files import ModelFile
from thinice_tui.protocol.settings import stored_field

OPTIONS = ("--arch", "--normalize", "--keep", "--key", "--trust-pickle")
"""The options that can be given for one file."""
YES, NO = "yes", "no"
_NO_ROLE = re.compile(r"[:(]")
"""What stands before the `=` of a literal in `FILE.py:factory(depth=20)`, and never in a role."""
_FOR_ALL, _FOR_PRUNED, _FOR_ONE = range(3)
"""For which files an option is; the higher number wins."""


@dataclass(frozen=True)
class FileOptions:
    """How one model file is read."""

    arch: str = "auto"
    normalize: str = "auto"
    keep: float | None = None
    """The fraction of the weights that scores in the file keep."""
    trust: bool = False
    """Whether code in the file may run."""
    key: str = ""
    """Which weights, where the file holds several; empty: the usual ones."""


@dataclass(frozen=True)
class ModelOptions:
    """The options as typed: each text is `VALUE`, for all files, or `ROLE=VALUE`.

    ROLE is dense, control, a model's name, or pruned for all pruned models. A `keep` without a role is for the pruned
    models, or for the only file: a dense model is never pruned by a number that is meant for others.
    """

    arch: tuple[str, ...] = ("auto",)
    normalize: tuple[str, ...] = ("auto",)
    keep: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    trust_pickle: tuple[str, ...] = ()
    """yes or no."""

    @classmethod
    def given(
        cls,
        arch: Sequence[str],
        normalize: Sequence[str],
        keep: Sequence[str] | None,
        key: Sequence[str] | None,
        trust_pickle: Sequence[str] | None,
    ) -> "ModelOptions":
        """The options of a command line, where None is an option that was not given."""
        return cls(tuple(arch), tuple(normalize), tuple(keep or ()), tuple(key or ()), tuple(trust_pickle or ()))

    def for_files(self, files: Sequence[ModelFile]) -> tuple[FileOptions, ...]:
        """The options of each file; raises UsageError for an unknown role, or two values for the same file."""
        alone = len(files) == 1
        kept = frozenset(number for number, file in enumerate(files) if file.role == "pruned" or alone)
        arch, normalize = _by_file("arch", self.arch, files), _by_file("normalize", self.normalize, files)
        keep, key = _by_file("keep", self.keep, files, kept), _by_file("key", self.key, files)
        trust = _by_file("trust-pickle", self.trust_pickle, files)
        fractions = {number: _fraction(text) for number, text in keep.items()}
        trusted = {number: _yes(text) for number, text in trust.items()}
        return tuple(
            FileOptions(
                arch.get(number, "auto"),
                normalize.get(number, "auto"),
                fractions.get(number),
                trusted.get(number, False),
                key.get(number, ""),
            )
            for number in range(len(files))
        )

    def as_dict(self) -> dict[str, object]:
        """JSON values that `from_dict` reads."""
        return {name: list(texts) for name, texts in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ModelOptions":
        """The options from what `as_dict` returned; raises KeyError, TypeError."""
        return cls(**{option.name: _texts(stored, option.name) for option in fields(cls)})

    def arguments(self) -> list[str]:
        """The options as arguments of the command line."""
        plain = {"arch": self.arch, "normalize": self.normalize, "keep": self.keep, "key": self.key}
        words = [word for name, texts in plain.items() for text in texts for word in (f"--{name}", text)]
        return words + [f"--trust-pickle={text}" for text in self.trust_pickle]


def _by_file(
    option: str, texts: Iterable[str], files: Sequence[ModelFile], bare: frozenset[int] | None = None
) -> dict[int, str]:
    """The value of each file that has one. bare: the numbers of the files that a value without a role is for."""
    chosen: dict[int, tuple[int, str]] = {}
    for level in (_FOR_ALL, _FOR_PRUNED, _FOR_ONE):
        here: dict[int, str] = {}
        for text in texts:
            rank, numbers, value = _meant(option, text, files)
            if rank != level:
                continue
            for number in numbers if bare is None or rank != _FOR_ALL else bare:
                if number in here:
                    raise UsageError(
                        f"--{option} says two things for {files[number].name}: {here[number]!r} and {value!r}",
                        f"leave one out, or say for which file: --{option} ROLE=VALUE, where ROLE is {_roles(files)}",
                    )
                here[number] = value
        chosen |= {number: (level, value) for number, value in here.items()}
    return {number: value for number, (_, value) in chosen.items()}


def _meant(option: str, text: str, files: Sequence[ModelFile]) -> tuple[int, list[int], str]:
    """For whom `text` is, the numbers of these files, and the value. The longest role that fits is meant."""
    for role in sorted(_known_roles(files), key=len, reverse=True):
        if text.startswith(f"{role}="):
            level, numbers = _known_roles(files)[role]
            return level, numbers, text.removeprefix(f"{role}=")
    prefix, equals, _ = text.partition("=")
    if equals and not _NO_ROLE.search(prefix):
        raise UsageError(f"--{option} {text}: {prefix!r} is no model here", f"expected {_roles(files)}")
    return _FOR_ALL, list(range(len(files))), text


def _known_roles(files: Sequence[ModelFile]) -> dict[str, tuple[int, list[int]]]:
    """Each role with its rank and its files. A model's name may be `pruned`; dense and control are roles only."""
    pruned = [number for number, file in enumerate(files) if file.role == "pruned"]
    groups = {"pruned": (_FOR_PRUNED, pruned)} if pruned else {}
    named = {file.name: number for number, file in enumerate(files)}
    named |= {str(file.role): number for number, file in enumerate(files) if file.role != "pruned"}
    return {**groups, **{name: (_FOR_ONE, [number]) for name, number in named.items()}}


def _roles(files: Sequence[ModelFile]) -> str:
    """The roles of these files in words."""
    names = dict.fromkeys(file.name if file.role == "pruned" else file.role for file in files)
    group = ["pruned (all of them)"] if any(file.role == "pruned" for file in files) and "pruned" not in names else []
    return " or ".join(filter(None, (", ".join([*names, *group][:-1]), [*names, *group][-1])))


def _fraction(text: str) -> float:
    try:
        fraction = float(text)
    except ValueError:
        fraction = 0.0
    if 0 < fraction <= 1:
        return fraction
    listed = "," in text
    raise UsageError(
        f"--keep is {text!r}, expected a fraction above 0 and up to 1",
        "write one option for each file: --keep dense=1 --keep 0.1"
        if listed
        else "write 0.1 for pruned models that keep 10 % of their weights, and dense=1 for a dense model with scores",
    )


def _yes(text: str) -> bool:
    if text not in (YES, NO):
        raise UsageError(f"--trust-pickle is {text!r}, expected {YES} or {NO}", "as in --trust-pickle pruned=yes")
    return text == YES


def _texts(stored: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = stored_field(stored, name, list)
    if not all(isinstance(text, str) for text in found):
        raise TypeError(f"{name} is {found!r}")
    return tuple(found)

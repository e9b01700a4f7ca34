"""What makes two runs the same run, and in words how they differ."""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.problems import check_place
from thinice_tui.runfile.records import ModelRecord, RunPlan
from thinice_tui.runfile.revision import check_revision

_MODEL = re.compile(
    r"(?P<role>\w+) (?P<weights>\w+) as (?P<arch>.*?)(?: \(code (?P<code>\w+)\))?"
    r"(?:, best (?P<keep>\S+) of its scores)?(?P<trusted>, by its own code)?, normalisation (?P<normalization>.*)",
    re.DOTALL,
)
SETTINGS = ("norm", "eps", "attack", "seed", "precision", "distances", "batch size")


@dataclass(frozen=True)
class ModelIdentity:
    """Everything that decides a model's outputs: weights, architecture and its code, scores kept, normalisation."""

    role: str
    weights: str
    """The beginning of the file's sha256."""
    arch: str
    """A known architecture's name, or the name of the function that makes the network; not where it was found."""
    code: str
    """The beginning of the sha256 of that function's code; empty: it is one of ours, or the file's own."""
    keep: str
    """The fraction of the weights that scores keep; empty: all."""
    trusted: bool
    """Whether the file's own code makes the network."""
    normalization: str
    """none, or `name: means / standard deviations`."""

    def text(self) -> str:
        """As a run file keeps it."""
        code = f" (code {self.code})" if self.code else ""
        keep = f", best {self.keep} of its scores" if self.keep else ""
        trusted = ", by its own code" if self.trusted else ""
        return f"{self.role} {self.weights} as {self.arch}{code}{keep}{trusted}, normalisation {self.normalization}"

    @classmethod
    def parse(cls, text: str) -> "ModelIdentity":
        """What `text` gave; raises ValueError. Earlier files have an architecture's code as it was typed."""
        found = _MODEL.fullmatch(text)
        if found is None:
            raise ValueError(f"no model: {text}")
        code = found["code"] or ""
        arch = code_name(found["arch"]) if code else found["arch"]
        keep, trusted = found["keep"] or "", bool(found["trusted"])
        return cls(found["role"], found["weights"], arch, code, keep, trusted, found["normalization"])

    def differences(self, now: "ModelIdentity", name: str) -> list[str]:
        """How the model `now` differs, in words; empty: it gives the same logits in the same part."""
        said = []
        if self.role != now.role:
            said.append(f"the model {name} was the {self.role} one, now the {now.role} one")
        if self.weights != now.weights:
            return [*said, f"the model {name} has other weights"]
        if (self.arch, self.trusted) != (now.arch, now.trusted):
            said.append(f"the architecture of {name} was {self.arch}, now {now.arch}")
        elif self.code != now.code:
            said.append(f"the code of {name}'s architecture ({now.arch}) has changed")
        if self.keep != now.keep:
            before, after = (one.keep or "all" for one in (self, now))
            said.append(f"{name} kept the best {before} of its scores, now {after}")
        if _constants(self.normalization) != _constants(now.normalization):
            before, after = (_short(one.normalization) for one in (self, now))
            if before == after:  # one name for two things
                before, after = self.normalization, now.normalization
            said.append(f"the normalisation of {name} was {before}, now {after}")
        return said


def code_name(spec: str) -> str:
    """What `FILE.py:function` and `package.module:function` have in common, wherever the file lies: the function.

    `timm:NAME` stays: there the package is what makes the network.
    """
    return spec if spec.startswith("timm:") else spec.rpartition(":")[2]


def is_finished(path: Path, plan: RunPlan, models: Sequence[ModelRecord]) -> bool:
    """Whether `path` holds the finished run of that plan, found out without writing anything or waiting for a lock.

    Raises RunFileError where it holds another finished run. What cannot be read is not finished: the writer says why.
    """
    try:
        with reading(path) as connection:
            stored = stored_about(connection)
    except RunFileError:
        return False
    if stored.get("finished") is None:
        return False
    check_same(stored, plan, models, path)
    return True


def check_continues(path: Path, plan: RunPlan, models: Sequence[ModelRecord]) -> None:
    """Raise RunFileError where `path` holds another run than that of the plan, whose stages may not be known yet.

    So that such a file is left alone before it is told who computes. What cannot be read is left to the writer.
    """
    try:
        with reading(path) as connection:
            stored = stored_about(connection)
    except RunFileError:
        return
    known = stored.get("identity") or {}
    check_same(stored, replace(plan, identity={**plan.identity, "stages": known.get("stages")}), models, path)
    check_revision(stored, plan.about, path)


def run_state(path: Path, plan: RunPlan, models: Sequence[ModelRecord]) -> str:
    """What a run of that plan would find at `path`, in words; raises RunFileError where it would be refused."""
    check_place(path)
    if not path.exists() or not path.stat().st_size:
        return "new"
    with reading(path) as connection:
        stored = stored_about(connection)
    check_same(stored, plan, models, path)
    check_revision(stored, plan.about, path)
    return "goes on with what is there" if stored.get("finished") is None else "finished already: nothing would run"


def stored_about(connection: sqlite3.Connection) -> dict[str, Any]:
    """The run table: its values by key."""
    return {key: json.loads(value) for key, value in connection.execute("SELECT * FROM run")}


def check_same(stored: Mapping[str, Any], plan: RunPlan, models: Sequence[ModelRecord], path: Path) -> None:
    """Raise RunFileError, with what differs, unless the run table `stored` of `path` is that of the same run."""
    wanted: dict[str, Any] = json.loads(json.dumps(plan.identity))
    names = [model.name for model in models]
    if found := differences(stored.get("identity") or {}, wanted, (stored, plan.about), names):
        raise RunFileError(
            f"{path}: holds another run: {'; '.join(found)}",
            "give another file with --run, or repeat the command that made this one",
        )


def differences(
    stored: Mapping[str, Any],
    wanted: Mapping[str, Any],
    about: tuple[Mapping[str, Any], Mapping[str, Any]],
    names: Sequence[str],
) -> list[str]:
    """How the run `wanted` differs from the `stored` one, in words; empty: they are the same.

    about: the run tables of both, for words. names: of the models wanted, in their order.
    """
    said = [_setting(key, stored, wanted, about) for key in SETTINGS if _differ(key, stored, wanted)]
    if _differ("data", stored, wanted):
        said.append(_data(about))
    said += _models(stored.get("models"), wanted.get("models"), names)
    known = {*SETTINGS, "data", "models", "stages"}
    said += [
        f"{key} was {stored.get(key)}, now {wanted.get(key)}"
        for key in sorted((stored.keys() | wanted.keys()) - known)
        if _differ(key, stored, wanted)
    ]
    if not said and _differ("stages", stored, wanted):  # else they follow from what was named
        said.append("its stages are not those of this version's ensemble of that name")
    return said


def _differ(key: str, stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    before, after = stored.get(key), wanted.get(key)
    if key == "attack":  # earlier files have it as it was typed
        before, after = str(before).lower(), str(after).lower()
    return bool(before != after)


def _setting(
    key: str, stored: Mapping[str, Any], wanted: Mapping[str, Any], about: tuple[Mapping[str, Any], Mapping[str, Any]]
) -> str:
    if key == "distances":
        words = ("measured" if table.get(key) else "not measured" for table in (stored, wanted))
        return f"distances were {next(words)}, now {next(words)}"
    if key == "eps":  # as it was typed
        stored, wanted = ({"eps": _entry(table, "settings", "eps", "text")} for table in about)
    return f"{key} was {stored.get(key)}, now {wanted.get(key)}"


def _data(about: tuple[Mapping[str, Any], Mapping[str, Any]]) -> str:
    sources = [_entry(table, "data", "source") for table in about]
    counts = [_entry(table, "data", "samples") for table in about]
    if sources[0] != sources[1]:
        return f"the data were {sources[0]}, now {sources[1]}"
    if counts[0] != counts[1]:
        return f"it has {counts[0]} samples, now {counts[1]}"
    return f"other samples, or labels, of {sources[1]}"


def _models(stored: object, wanted: object, names: Sequence[str]) -> list[str]:
    if stored == wanted:
        return []
    try:
        before = [ModelIdentity.parse(text) for text in stored] if isinstance(stored, list) else []
        now = [ModelIdentity.parse(text) for text in wanted] if isinstance(wanted, list) else []
    except (ValueError, TypeError):
        return [f"models was {stored}, now {wanted}"]
    if len(before) != len(now):
        return [f"it has {len(before)} models, now {len(now)}"]
    pairs = list(zip(before, now, names, strict=True))
    said = [words for old, new, name in pairs for words in old.differences(new, name)]
    if said and all(any(not old.differences(new, "") for old in before) for new in now):
        return ["the models come in another order"]
    return said


def _entry(table: Mapping[str, Any], *keys: str) -> object:
    found: Any = table
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _constants(normalization: str) -> str:
    """Without its name: the same constants under two names are one normalisation."""
    return normalization.rpartition(": ")[2]


def _short(normalization: str) -> str:
    return normalization.partition(": ")[0]

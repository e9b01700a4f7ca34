"""Stages given one by one in place of an ensemble: `--stages apgd-ce,square:queries=1000`.

A list is KIND[:NAME=NUMBER…][,KIND…]: a KIND is a key of ATTACKS or `pgd-K`, a NAME one of the parameters that the kind
takes. A parameter that is not given is that of the ensembles.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from thinice_tui.errors import UsageError
from thinice_tui.protocol.attacks import ATTACKS
from thinice_tui.protocol.ensembles import (
    ENSEMBLES,
    PGD_ALONE,
    PGD_EXPECTED,
    Stage,
    ensemble_of,
    for_classes,
    under_norm,
)
from thinice_tui.protocol.threat_model import Norm

MOST = {"steps": 999_999, "queries": 999_999, "restarts": 100, "targets": 999}
"""The largest value of each parameter; the smallest is 1."""
NUMBER = re.compile(r"[1-9][0-9]{0,5}")
MOST_STAGES = 50
OFFICIAL = ("standard", "plus", "fast")
"""The ensembles that defaults are taken from, the first one that has the attack."""
ONE_RUN = ("pgd", "fab-t")
"""Attacks without restarts: each run of theirs would be the same, or is a claim's single one."""
EXAMPLE = "write it as apgd-ce,square:queries=1000"


@dataclass(frozen=True)
class ListedStage:
    """One stage as the user gave it. given: its parameters, in the order of MOST; for `pgd-K` the steps."""

    kind: str
    given: tuple[tuple[str, int], ...]

    @property
    def text(self) -> str:
        """As `parse_stages` reads it, always the same for the same stage."""
        return self.stage("Linf").name.lower() if self.kind == "pgd" else _text(self.kind, self.given)

    def stage(self, norm: Norm) -> Stage:
        """The stage against a model with classes enough, under the norm."""
        values = dict(self.given)
        default = default_stage(self.kind, norm)
        steps = values.get("steps", values.get("queries", default.steps))
        if self.kind == "pgd":
            return ensemble_of(f"pgd-{steps}").stages[0]
        return replace(
            default,
            steps=steps,
            restarts=values.get("restarts", default.restarts),
            targets=values.get("targets", default.targets),
        )


def parse_stages(text: str) -> tuple[ListedStage, ...]:
    """Read a list of stages, in any case of letters; raises UsageError that says what is expected."""
    parts = text.split(",")
    if len(parts) > MOST_STAGES:
        raise UsageError(f"--stages has {len(parts)} stages, expected at most {MOST_STAGES}")
    return tuple(_parse(part) for part in parts)


def stages_text(listed: Iterable[ListedStage]) -> str:
    """The list as text, always the same for the same list; every parameter that was given is in it."""
    return ",".join(one.text for one in listed)


def identity_text(text: str, norm: Norm) -> str:
    """The list with every parameter, given or not: two lists with the same one are the same run."""
    return ",".join(_described(one.stage(norm)) for one in parse_stages(text))


def build_stages(text: str, classes: int, norm: Norm) -> tuple[Stage, ...]:
    """The stages of the list `text` for a model of `classes` classes under a norm; raises UsageError.

    Where the model has too few classes, an attack has fewer targets or is replaced by its fallback, as in an ensemble.
    A kind that comes again gets a name of its own, and so random numbers of its own; the first has those of the
    ensembles.
    """
    listed = parse_stages(text)
    built = [_noted(one, for_classes(one.stage(norm), classes)) for one in listed]
    names = _distinct(stage.name for stage in built)
    return tuple(replace(stage, name=name) for stage, name in zip(built, names, strict=True))


def default_stage(kind: str, norm: Norm) -> Stage:
    """The stage of that kind in the ensembles; for a fallback, that of the attack that it stands in for."""
    stages = [under_norm(stage, norm, name) for name in OFFICIAL for stage in ENSEMBLES[name].stages]
    for stage in stages:
        if stage.kind == kind:
            return replace(stage, name=ATTACKS[kind].name, scope="all")
    in_its_place = next(stage for stage in stages if ATTACKS[stage.kind].fallback == kind)
    return under_norm(Stage(ATTACKS[kind].name, kind, in_its_place.steps), norm)


def parameters_of(kind: str) -> tuple[str, ...]:
    """The names of the parameters that an attack takes, in the order of MOST."""
    names = ["steps" if ATTACKS[kind].gradients else "queries"]
    names += [] if kind in ONE_RUN else ["restarts"]
    names += ["targets"] if default_stage(kind, "Linf").targets else []
    return tuple(names)


def _parse(part: str) -> ListedStage:
    kind, *parameters = (word.strip() for word in part.lower().split(":"))
    given: dict[str, int] = {}
    if match := PGD_ALONE.fullmatch(kind):
        kind, given = "pgd", {"steps": int(match[1])}
    elif kind not in ATTACKS:
        raise UsageError(f"--stages: {_no_kind(part, kind)}", _hint(kind, (*ATTACKS, "pgd-K")))
    known = parameters_of(kind)
    for parameter in parameters:
        name, equals, value = (word.strip() for word in parameter.partition("="))
        if name not in known:
            takes = f"{kind} takes {', '.join(known)}"
            raise UsageError(f"--stages: {kind} has no parameter {name!r}, {takes}", _hint(name, known))
        if not (equals and NUMBER.fullmatch(value) and int(value) <= MOST[name]):
            expected = f"expected a number from 1 to {MOST[name]}"
            raise UsageError(f"--stages: {name} of {kind} is {value!r}, {expected}", f"write it as {kind}:{name}=10")
        if name in given:
            raise UsageError(f"--stages: {kind} has {name} twice, expected it once", "leave one out")
        given[name] = int(value)
    return ListedStage(kind, tuple((name, given[name]) for name in MOST if name in given))


def _no_kind(part: str, kind: str) -> str:
    if not kind:
        return f"a stage is empty in front of {part.strip()!r}" if part.strip() else "a stage is empty"
    return f"there is no attack {kind!r}, expected {', '.join(ATTACKS)} or {PGD_EXPECTED}"


def _hint(word: str, names: Sequence[str]) -> str:
    """What could be meant by `word`; else an example."""
    if word in ENSEMBLES:
        return f"that is an ensemble: --attack {word}"
    begun = [name for name in names if word and name.startswith(word)]
    close = begun or difflib.get_close_matches(word, names, n=2)
    return f"did you mean {' or '.join(close)}?" if close else EXAMPLE


def _noted(listed: ListedStage, stage: Stage) -> Stage:
    """The stage with a note where it has fewer targets than were asked for."""
    asked = dict(listed.given).get("targets", 0)
    if stage.note or asked <= stage.targets:
        return stage
    left = f"the model has {stage.targets + 1} classes, so {stage.targets}"
    return replace(stage, note=f"{stage.name} was to have {asked} targets, {left}")


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """The names, with ` (2)`, ` (3)`, … behind one that comes again."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


def _described(stage: Stage) -> str:
    parameters = parameters_of(stage.kind)
    values = {"steps": stage.steps, "queries": stage.steps, "restarts": stage.restarts, "targets": stage.targets}
    return _text(stage.kind, tuple((name, values[name]) for name in parameters))


def _text(kind: str, parameters: tuple[tuple[str, int], ...]) -> str:
    return ":".join((kind, *(f"{name}={value}" for name, value in parameters)))

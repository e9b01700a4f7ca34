"""A gate: comparisons such as `nfr > 0.05` that make a report fail. Parsing, then evaluation against an analysis."""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from thinice_tui.analysis.capture import capture_of
from thinice_tui.analysis.claims import checked_claims
from thinice_tui.analysis.comparison import Analysis, Comparison, ModelSummary
from thinice_tui.analysis.excess import Excess, excesses
from thinice_tui.analysis.overestimation import flattered, gap_difference
from thinice_tui.analysis.proportions import Estimate, proportion
from thinice_tui.errors import UsageError
from thinice_tui.protocol.model_files import model_named

Scope = Literal["model", "compared", "pruned", "claimed"]
"""Which models have the number: every one, all but dense, the pruned ones, or those that a claim is of."""
Value = Callable[[Analysis, str], Estimate | None]
"""From an analysis and a model's name: the number, None where it is not known."""
SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
GATE = re.compile(
    r"\s*(?P<name>[a-z0-9_]+)(?:\.(?P<end>low|high))?(?:@(?P<model>.+?))?\s*(?P<sign>>=|<=|>|<)\s*(?P<number>\S+)\s*"
)
EXPECTED = 'write one comparison, as "nfr > 0.05", "nfr.low > 0.05" or "robust_accuracy@pruned < 0.3"'


@dataclass(frozen=True)
class Metric:
    """A number that a gate can ask for. needs_control: only a run with a control has it."""

    value: Value
    scope: Scope = "compared"
    needs_control: bool = False


@dataclass(frozen=True)
class Gate:
    """One comparison of a number with a limit, in the units of the JSON report: rates are fractions."""

    text: str
    """As typed."""
    name: str
    end: Literal["value", "low", "high"]
    model: str | None
    """None: every pruned model, or every model with a claim."""
    sign: str
    limit: float


@dataclass(frozen=True)
class Verdict:
    """A gate against one model. failed: it holds, or cannot be decided; value: NaN where it is not known."""

    gate: Gate
    model: str
    value: float
    failed: bool
    undecided: str
    """Why it cannot be decided; empty: it is."""
    run: str = ""
    """The run file, where several training seeds are judged."""

    @property
    def reason(self) -> str:
        """What was found, in words."""
        model = f"{self.model} of {self.run}" if self.run else self.model
        if self.undecided:
            return f"{self.gate.text}: {model} cannot be decided, {self.undecided}"
        return f"{self.gate.text}: {model} has {self.value:.4g}"


def parse_gates(texts: Sequence[str]) -> tuple[Gate, ...]:
    """Every gate of the command line; raises UsageError."""
    return tuple(_parse(text) for text in texts)


def check_gates(gates: Sequence[Gate], roles: Mapping[str, str], claimed: Sequence[str]) -> None:
    """Raise UsageError for a gate on a model, a control or a claim that is not there.

    roles: role by name of every model; claimed: names of the models with a claim.
    """
    for gate in gates:
        metric, names = METRICS[gate.name], _in_scope(METRICS[gate.name].scope, roles, claimed)
        if metric.needs_control and "control" not in roles.values():
            raise UsageError(
                f"--fail-if {gate.text!r} needs a control, this run has none", "compare with --control FILE"
            )
        if metric.scope == "claimed" and not claimed:
            raise UsageError(f"--fail-if {gate.text!r} needs a claim", "add --claim NAME=PERCENT@ATTACK")
        if gate.model is not None and model_named(gate.model, roles) not in names:
            raise UsageError(
                f"--fail-if {gate.text!r}: {gate.name} is not known of {gate.model}",
                f"expected {', '.join(names) or 'no model: this run has none with that number'}",
            )
        if gate.model is None and not _asked(gate, roles, claimed):
            raise UsageError(f"--fail-if {gate.text!r} is about pruned models, this run has none", EXPECTED)


def evaluate(gates: Sequence[Gate], analysis: Analysis) -> tuple[Verdict, ...]:
    """Every gate against every model that it asks for; raises UsageError as `check_gates`."""
    roles = {model.record.name: model.record.role for model in analysis.run.models}
    claimed = list(dict.fromkeys(claim.model for claim in analysis.claims))
    check_gates(gates, roles, claimed)
    return tuple(_verdict(gate, analysis, name) for gate in gates for name in _asked(gate, roles, claimed))


def _parse(text: str) -> Gate:
    match = GATE.fullmatch(text)
    if match is None:
        raise UsageError(f"--fail-if is {text!r}", EXPECTED)
    if match["name"] not in METRICS:
        raise UsageError(
            f"--fail-if {text!r}: {match['name']} is no number of a report", f"expected {', '.join(METRICS)}"
        )
    try:
        limit = float(match["number"])
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise UsageError(f"--fail-if {text!r}: the limit is {match['number']!r}, expected a number", EXPECTED)
    end: Literal["value", "low", "high"] = "low" if match["end"] == "low" else "high" if match["end"] else "value"
    return Gate(text.strip(), match["name"], end, match["model"], match["sign"], limit)


def _verdict(gate: Gate, analysis: Analysis, name: str) -> Verdict:
    if not analysis.complete:
        return Verdict(gate, name, math.nan, True, "the run is not complete")
    estimate = METRICS[gate.name].value(analysis, name)
    found = math.nan if estimate is None else float(getattr(estimate, gate.end))
    if math.isnan(found):
        return Verdict(gate, name, math.nan, True, "the number is not known")
    return Verdict(gate, name, found, bool(SIGNS[gate.sign](found, gate.limit)), "")


def _asked(gate: Gate, roles: Mapping[str, str], claimed: Sequence[str]) -> list[str]:
    """The models that the gate asks for."""
    if gate.model is not None:
        return [name for name in roles if name == model_named(gate.model, roles)]
    return list(claimed) if METRICS[gate.name].scope == "claimed" else _in_scope("pruned", roles, claimed)


def _in_scope(scope: Scope, roles: Mapping[str, str], claimed: Sequence[str]) -> list[str]:
    if scope == "claimed":
        return list(claimed)
    out = {"model": (), "compared": ("dense",), "pruned": ("dense", "control")}[scope]
    return [name for name, role in roles.items() if role not in out]


def _summary(analysis: Analysis, name: str) -> ModelSummary:
    return next(one for one in analysis.models if one.model.record.name == name)


def _comparison(analysis: Analysis, name: str) -> Comparison | None:
    return next((one for one in analysis.comparisons if one.other.record.name == name), None)


def _excess(analysis: Analysis, name: str) -> Excess | None:
    return next((one for one in excesses(analysis) if one.model == name), None)


def _of_comparison(value: Callable[[Comparison], Estimate | None]) -> Value:
    def of(analysis: Analysis, name: str) -> Estimate | None:
        comparison = _comparison(analysis, name)
        return None if comparison is None else value(comparison)

    return of


def _of_excess(value: Callable[[Excess], Estimate]) -> Value:
    def of(analysis: Analysis, name: str) -> Estimate | None:
        excess = _excess(analysis, name)
        return None if excess is None else value(excess)

    return of


def _gap(analysis: Analysis, name: str) -> Estimate | None:
    summary = _summary(analysis, name)
    mask = flattered(analysis, summary.model)
    return None if summary.gap is None else proportion(int(mask.sum()), len(mask))


def _gap_difference(analysis: Analysis, name: str) -> Estimate | None:
    comparison = _comparison(analysis, name)
    found = None if comparison is None else gap_difference(analysis, comparison)
    return None if found is None else found.difference


def _captured(analysis: Analysis, name: str) -> Estimate | None:
    comparison = _comparison(analysis, name)
    return None if comparison is None else capture_of(analysis, comparison).headline


def _claim_gap(analysis: Analysis, name: str) -> Estimate | None:
    """The largest gap of the model's claims; None where one of them is not comparable."""
    found = [one for one in checked_claims(analysis) if one.claim.model == name]
    if not found or not all(one.comparable for one in found):
        return None
    one = max(found, key=lambda checked: checked.gap)
    claimed = one.claim.accuracy
    return Estimate(one.gap, claimed - one.measured_high, claimed - one.measured_low, len(analysis.run.labels))


METRICS: dict[str, Metric] = {
    "nfr": Metric(_of_comparison(lambda one: one.nfr)),
    "pfr": Metric(_of_comparison(lambda one: one.pfr)),
    "excess_nfr": Metric(_of_excess(lambda one: one.excess_nfr), scope="pruned", needs_control=True),
    "odds_ratio": Metric(_of_excess(lambda one: one.odds_ratio), scope="pruned", needs_control=True),
    "clean_accuracy": Metric(lambda analysis, name: _summary(analysis, name).clean_accuracy, scope="model"),
    "robust_accuracy": Metric(lambda analysis, name: _summary(analysis, name).robust_accuracy, scope="model"),
    "overestimation_gap": Metric(_gap, scope="model"),
    "overestimation_difference": Metric(_gap_difference),
    "claim_gap": Metric(_claim_gap, scope="claimed"),
    "auc_s10_s11": Metric(_of_comparison(lambda one: one.auc_s10_s11)),
    "auc_s01_s00": Metric(_of_comparison(lambda one: one.auc_s01_s00)),
    "captured": Metric(_captured),
}
"""Every number that a gate can ask for, by the name that it is asked for by; docs/guide.md says what each is."""

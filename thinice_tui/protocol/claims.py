"""Robust accuracies that others claim, as given with --claim: `pruned=62.2@pgd-50`."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from thinice_tui.errors import UsageError
from thinice_tui.protocol.ensembles import ENSEMBLES, PGD_ALONE
from thinice_tui.protocol.model_files import model_named
from thinice_tui.protocol.threat_model import NORMS, Epsilon, Norm

EXPECTED = "write NAME=PERCENT@ATTACK, as pruned=62.2@pgd-50, then what else is claimed: ,eps=8/255,norm=Linf,samples=N"
ALIASES = {"aa": "standard", "autoattack": "standard"}


@dataclass(frozen=True)
class Claim:
    """A claimed robust accuracy. None: the claim does not say."""

    text: str
    """As typed."""
    model: str
    """A model's name, or a role that one model has."""
    accuracy: float
    """A fraction in [0,1]."""
    attack: str
    """In small letters: `pgd-50`, an ensemble's name, or another attack's."""
    norm: Norm | None = None
    eps: Epsilon | None = None
    samples: int | None = None

    @property
    def ensemble(self) -> str | None:
        """The ensemble of this tool that the attack names; None: another attack, or PGD alone."""
        name = ALIASES.get(self.attack, self.attack)
        return name if name in ENSEMBLES else None

    @property
    def pgd_steps(self) -> int | None:
        """The steps of PGD; None: another attack."""
        match = PGD_ALONE.fullmatch(self.attack)
        return int(match[1]) if match else None

    @classmethod
    def parse(cls, text: str) -> "Claim":
        """Read one claim; raises UsageError."""
        main, *facts = (part.strip() for part in text.split(","))
        match = re.fullmatch(r"(?P<model>.+?)\s*=\s*(?P<percent>[^=@]+?)\s*%?\s*@\s*(?P<attack>[\w+.-]+)", main)
        if match is None:
            raise UsageError(f"--claim is {text!r}", EXPECTED)
        found = dict(_fact(text, fact) for fact in facts)
        if len(found) < len(facts):
            raise UsageError(f"--claim {text!r} says one thing twice", EXPECTED)
        return cls(
            text=text,
            model=match["model"],
            accuracy=_fraction(text, match["percent"]),
            attack=match["attack"].lower(),
            norm=_norm(text, found["norm"]) if "norm" in found else None,
            eps=Epsilon.parse(found["eps"]) if "eps" in found else None,
            samples=_samples(text, found["samples"]) if "samples" in found else None,
        )


def parse_claims(texts: Sequence[str]) -> tuple[Claim, ...]:
    """Every claim; raises UsageError."""
    return tuple(Claim.parse(text) for text in texts)


def claims_of(claims: Sequence[Claim], roles: Mapping[str, str]) -> tuple[Claim, ...]:
    """The claims with the names of their models; raises UsageError for a claim of no model, or of several.

    roles: role by name of every model.
    """
    found = []
    for claim in claims:
        name = model_named(claim.model, roles)
        if name is None:
            raise UsageError(
                f"--claim {claim.text!r}: no model, or no one model, is {claim.model}, expected {', '.join(roles)}",
                EXPECTED,
            )
        found.append(replace(claim, model=name))
    return tuple(found)


def _fact(text: str, fact: str) -> tuple[str, str]:
    name, equals, value = fact.partition("=")
    if not equals or name not in ("eps", "norm", "samples"):
        raise UsageError(f"--claim {text!r}: {fact!r} is no eps=, norm= or samples=", EXPECTED)
    return name, value


def _fraction(text: str, percent: str) -> float:
    try:
        value = float(percent)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        raise UsageError(
            f"--claim {text!r}: the accuracy is {percent!r}, expected a percentage from 0 to 100", EXPECTED
        )
    if 0 < value < 1:
        raise UsageError(
            f"--claim {text!r}: {percent} % is below any model's accuracy", f"did you mean {100 * value:g}?"
        )
    return value / 100


def _norm(text: str, value: str) -> Norm:
    for norm in NORMS:
        if norm.lower() == value.lower():
            return norm
    raise UsageError(f"--claim {text!r}: the norm is {value!r}, expected {' or '.join(NORMS)}", EXPECTED)


def _samples(text: str, value: str) -> int:
    if not value.isdecimal() or not int(value):
        raise UsageError(f"--claim {text!r}: samples is {value!r}, expected a number from 1", EXPECTED)
    return int(value)

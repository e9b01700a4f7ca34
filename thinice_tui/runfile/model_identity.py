"""What decides a model's outputs, as text in a run file, and how two models differ."""

import re
from dataclasses import dataclass

from thinice_tui.errors import UsageError
from thinice_tui.protocol.arch_spec import ArchSpec

_MODEL = re.compile(
    r"(?P<role>\w+) (?P<weights>\w+) as (?P<arch>.*?)(?: \(code (?P<code>\w+)\))?"
    r"(?:, weights under '(?P<key>.*?)')?"
    r"(?:, best (?P<keep>\S+) of its scores)?(?P<trusted>, by its own code)?, normalisation (?P<normalization>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class ModelIdentity:
    """Everything that decides a model's outputs: weights, architecture and its code, scores kept, normalisation."""

    role: str
    weights: str
    """The first characters of the file's sha256."""
    arch: str
    """A known architecture, or the name of the function that builds the network, without the file that holds it."""
    code: str
    """The first characters of the sha256 of that function's code; empty for a known architecture or the file's own."""
    keep: str
    """The fraction of the weights that scores keep; empty: all."""
    trusted: bool
    """Whether code of the file ran."""
    normalization: str
    """none, or `name: means / standard deviations`."""
    key: str = ""
    """Which weights of the file were asked for; empty: the usual ones."""

    def text(self) -> str:
        """The text that a run file keeps."""
        code = f" (code {self.code})" if self.code else ""
        key = f", weights under '{self.key}'" if self.key else ""
        keep = f", best {self.keep} of its scores" if self.keep else ""
        trusted = ", by its own code" if self.trusted else ""
        return (
            f"{self.role} {self.weights} as {self.arch}{code}{key}{keep}{trusted}, normalisation {self.normalization}"
        )

    @classmethod
    def parse(cls, text: str) -> "ModelIdentity":
        """The identity that `text` gave; raises ValueError. Early versions wrote an architecture's code as typed."""
        found = _MODEL.fullmatch(text)
        if found is None:
            raise ValueError(f"no model: {text}")
        code = found["code"] or ""
        arch = code_name(found["arch"]) if code else found["arch"]
        keep, trusted = found["keep"] or "", bool(found["trusted"])
        return cls(
            found["role"], found["weights"], arch, code, keep, trusted, found["normalization"], found["key"] or ""
        )

    def differences(self, now: "ModelIdentity", name: str) -> list[str]:
        """How the model `now` differs from this one, in words; empty: same role and same logits. name: the model's."""
        said = []
        if self.role != now.role:
            said.append(f"the model {name} was the {self.role} one, now the {now.role} one")
        if self.weights != now.weights:
            return [*said, f"the model {name} has other weights"]
        if self.arch != now.arch:
            said.append(f"the architecture of {name} was {self.arch}, now {now.arch}")
        elif self.trusted != now.trusted:
            said.append(f"code of {name}'s file {'runs now, and did not' if now.trusted else 'ran, and does not now'}")
        elif self.code != now.code:
            said.append(f"the code of {name}'s architecture ({now.arch}) has changed")
        if self.key != now.key:
            before, after = (one.key or "the usual place" for one in (self, now))
            said.append(f"the weights of {name} were under {before}, now {after}")
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
    """The function's name in `FILE.py:function(…)` and `package.module:function(…)`, wherever the file lies.

    Literals in parentheses are part of it. `timm:NAME` and `robustbench:NAME` stay as they are: there the package
    builds the network. So does text that is no such spec, as of a file's own network.
    """
    try:
        return ArchSpec.parse(spec).call
    except UsageError:
        return spec


def _constants(normalization: str) -> str:
    """The normalisation without its name: two names for the same constants are one normalisation."""
    return normalization.rpartition(": ")[2]


def _short(normalization: str) -> str:
    """The normalisation's name."""
    return normalization.partition(": ")[0]

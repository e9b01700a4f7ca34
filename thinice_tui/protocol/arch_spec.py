"""What `--arch` says about code: where it is, what is called, and the literals that it is called with."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thinice_tui.errors import UsageError

TIMM, ROBUSTBENCH = "timm", "robustbench"
PACKAGES = (TIMM, ROBUSTBENCH)
"""Packages that build networks by name."""
_CALL = re.compile(r"(?P<where>.+?):(?P<name>[^\W\d][\w.]*)(?P<literals>\(.*\))?", re.DOTALL)
_ENTRY = re.compile(r"(?P<where>timm|robustbench):(?P<name>[^()]+)(?P<literals>\(.*\))?", re.DOTALL)


@dataclass(frozen=True)
class ArchSpec:
    """`FILE.py:factory(depth=20)`, `package.module:factory`, `timm:NAME` or `robustbench:NAME`, in its parts."""

    where: str
    name: str
    arguments: tuple[Any, ...] = ()
    """Literals by position."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Literals by name."""

    @classmethod
    def parse(cls, text: str) -> "ArchSpec":
        """The parts of `text`; raises UsageError."""
        found = _ENTRY.fullmatch(text) or _CALL.fullmatch(text)
        if found is None and text.count("(") != text.count(")"):
            raise UsageError(f"--arch {text}: a parenthesis is not closed", "write it as FILE.py:factory(depth=20)")
        if found is None:
            raise UsageError(
                f"--arch {text}: names no function, expected FILE.py:factory or package.module:factory",
                "literals may follow: FILE.py:factory(depth=20, widths=[16, 32])",
            )
        where, name, literals = found["where"], found["name"].strip(), found["literals"]
        if literals is None:
            return cls(where, name)
        try:
            call = ast.parse(f"_{literals}", mode="eval").body
            if not isinstance(call, ast.Call):
                raise ValueError("no call")
            arguments = tuple(ast.literal_eval(argument) for argument in call.args)
            options = {str(option.arg): ast.literal_eval(option.value) for option in call.keywords if option.arg}
            if len(options) < len(call.keywords) or not isinstance(call.func, ast.Name):
                raise ValueError("** or a second call")
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
            raise UsageError(
                f"--arch {text}: what is in the parentheses is not read",
                "expected literals, as (20) or (depth=20, widths=[16, 32], name='a')",
            ) from error
        return cls(where, name, arguments, options)

    @property
    def call(self) -> str:
        """The name with its literals, wherever the code lies; two spellings of the same call are the same text."""
        said = [*map(repr, self.arguments), *(f"{name}={value!r}" for name, value in self.options.items())]
        name = f"{self.where}:{self.name}" if self.where in PACKAGES else self.name
        return f"{name}({', '.join(said)})" if said else name

"""What a type is that torch does not read without running code, and the way out."""

import re

from thinice_tui.models.formats.tensor_values import DEQUANTISE, QUANTISED_MODULES

_ROWS = (
    (r"torch\.sparse\..*", "semi-structured sparse (2:4) weights", "load it yourself and save weight.to_dense()"),
    (
        rf"{QUANTISED_MODULES.pattern}|torch\.ScriptObject",
        "a quantised module, which has no gradients to attack",
        "give the floating-point network from before it was quantised",
    ),
    (r"(bitsandbytes|torchao|auto_gptq|gptqmodel|awq|optimum\.quanto)\b.*", "quantised weights", DEQUANTISE),
    (r"torch\.distributed\..*", "distributed weights", "load it yourself and save weight.full_tensor()"),
    (
        r"torch\.[a-z]+\d\w*",
        "numbers of a type that this torch does not read",
        "save the weights as float32: weight.float(), or use a newer torch",
    ),
)
"""Full names as a regular expression, what is there, what to do."""


def explained(name: str) -> tuple[str, str] | None:
    """What a file that names this type holds, and what to do; None: it is not known here."""
    return next(((what, do) for pattern, what, do in _ROWS if re.fullmatch(pattern, name)), None)

"""Numbers and estimates as JSON values: what is unknown or infinite is null."""

import math
from collections.abc import Mapping
from typing import Any

from thinice_tui.analysis.proportions import Estimate

Json = dict[str, Any]


def number(value: float) -> float | None:
    """A finite number; None for NaN and infinities, which are no JSON."""
    return value if math.isfinite(value) else None


def finite(value: Any) -> Any:
    """JSON values from a run file, with None for every NaN and infinity."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [finite(inner) for inner in value]
    return number(value) if isinstance(value, float) else value


def value_of(estimate: Estimate | None) -> float | None:
    """The value alone."""
    return None if estimate is None else number(estimate.value)


def interval_of(estimate: Estimate | None) -> Json | None:
    """The interval alone."""
    if estimate is None:
        return None
    return {"low": number(estimate.low), "high": number(estimate.high), "n": estimate.n, "method": estimate.method}


def estimate_of(estimate: Estimate) -> Json:
    """Value and interval in one object."""
    return {"value": number(estimate.value), **(interval_of(estimate) or {})}

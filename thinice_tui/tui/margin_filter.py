"""The filter that a click on a bin of the histogram makes: a range of margins beside what is filtered by already."""

import re

import numpy as np

RANGE_AT_END = re.compile(r"(?:^|\s)margin=[^\s,()]*\.\.[^\s,()]*$")
"""What a click on a bin has added to the filter."""


def with_margins(query: str, margins: str) -> str:
    """`query` with the range `margins`, as the filter writes it, in place of one before; where it is there, without."""
    condition = f"margin={margins}"
    before = query.strip()
    rest = RANGE_AT_END.sub("", before).strip()
    if before == f"{rest} {condition}".strip():
        return rest.removeprefix("(").removesuffix(")") if _is_grouped(rest) else rest
    needs_group = " or " in f" {rest.lower()} " and not _is_grouped(rest)
    return f"{f'({rest})' if needs_group else rest} {condition}".strip()


def _is_grouped(query: str) -> bool:
    """Whether one pair of parentheses is around all of `query`."""
    depths = np.cumsum([(sign == "(") - (sign == ")") for sign in query]).tolist()
    return query.startswith("(") and query.endswith(")") and 0 not in depths[:-1]

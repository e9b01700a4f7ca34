"""A range of numbers beside a filter: added by a click, and taken away by the same click again."""

import re

import numpy as np

RANGE_AT_END = re.compile(r"(?:^|\s)(\w+)=[^\s,()]*\.\.[^\s,()]*$")
"""What `with_range` has added to a filter."""


def with_range(query: str, field: str, values: str) -> str:
    """`query` with the condition that `field` is in the range `values`, in place of another one that was added so.

    Where that very condition is there, `query` without it.
    """
    condition, before = f"{field}={values}", query.strip()
    found = RANGE_AT_END.search(before)
    rest = before[: found.start()].strip() if found is not None and found[1] == field else before
    if before == f"{rest} {condition}".strip():
        return rest.removeprefix("(").removesuffix(")") if _is_grouped(rest) else rest
    needs_group = " or " in f" {rest.lower()} " and not _is_grouped(rest)
    return f"{f'({rest})' if needs_group else rest} {condition}".strip()


def _is_grouped(query: str) -> bool:
    """Whether one pair of parentheses is around all of `query`."""
    depths = np.cumsum([(sign == "(") - (sign == ")") for sign in query]).tolist()
    return query.startswith("(") and query.endswith(")") and 0 not in depths[:-1]

"""A range of margins beside what else a query says: a click on a bin of the histogram adds it, another removes it."""

import re
from itertools import accumulate

RANGE_AT_END = re.compile(r"(?:^|\s)margin=[^\s,()]*\.\.[^\s,()]*$")


def with_margins(query: str, margins: str) -> str:
    """`query` with the range `margins`, such as `0.5..1`, in place of another; without it where it had that range."""
    before, condition = query.strip(), f"margin={margins}"
    rest = RANGE_AT_END.sub("", before).strip()
    if before == f"{rest} {condition}".strip():
        return rest[1:-1] if _is_grouped(rest) else rest
    needs_group = " or " in f" {rest.lower()} " and not _is_grouped(rest)
    return f"{f'({rest})' if needs_group else rest} {condition}".strip()


def _is_grouped(query: str) -> bool:
    """Whether one pair of parentheses is around all of `query`."""
    depths = list(accumulate((sign == "(") - (sign == ")") for sign in query))
    return query.startswith("(") and query.endswith(")") and 0 not in depths[:-1]

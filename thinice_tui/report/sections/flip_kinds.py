"""What kind of samples are lost, in which class, and what the other model takes them for."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.flip_kinds import KINDS, ClassFlips, FlipKinds, flip_kinds
from thinice_tui.report.document.blocks import Block, Table, columns
from thinice_tui.report.document.cells import p_value, percent
from thinice_tui.report.sections.run_words import class_words
from thinice_tui.runfile.records import Run

MOST_CLASSES = 20
"""Classes that are all shown; of more, those that stand out and those of the highest rates."""
MOST_PAIRS = 10


def flip_kinds_section(analysis: Analysis, comparison: Comparison) -> Iterator[Block]:
    """Nothing where nothing is lost."""
    found, n = flip_kinds(analysis, comparison), len(analysis.run.labels)
    if not n or not any(share.value for share in found.kinds.values()):
        return
    yield Table(
        "Kinds of losses (95 % intervals)",
        columns("kind", "samples", "of all %"),
        [(KINDS[kind], round(n * share.value), percent(share)) for kind, share in found.kinds.items()],
    )
    if found.confusions:
        yield _classes(analysis.run, found)
        yield _confusions(analysis.run, found)


def _classes(run: Run, found: FlipKinds) -> Table:
    shown = found.classes if len(found.classes) <= MOST_CLASSES else _telling(found)
    left_out = len(found.classes) - len(shown)
    more = f" {left_out} classes are in the JSON report alone." if left_out else ""
    return Table(
        "Flip rate S10/(S10+S11) by class (95 % intervals)",
        columns("class", "lost", "of", "rate %", "p"),
        [(class_words(run, one.label), one.lost, one.held, percent(one.rate), p_value(one.p_holm)) for one in shown],
        f"p: Fisher's exact test against all other classes, Holm's correction for all classes.{more}",
    )


def _telling(found: FlipKinds) -> Sequence[ClassFlips]:
    """The classes that stand out, filled up with those of the highest rates, in the order of labels."""
    rest = [one for one in found.classes if one not in found.standing_out]
    rest.sort(key=lambda one: -one.rate.value if one.rate.known else 1.0)
    chosen = [*found.standing_out, *rest][: max(MOST_CLASSES, len(found.standing_out))]
    return sorted(chosen, key=lambda one: one.label)


def _confusions(run: Run, found: FlipKinds) -> Table:
    shown, rest = found.confusions[:MOST_PAIRS], found.confusions[MOST_PAIRS:]
    more = (
        f"{len(rest)} other pairs with {sum(one.count for one in rest)} samples are in the JSON report." if rest else ""
    )
    return Table(
        "What lost samples are taken for under attack",
        columns("true class", "predicted class", "samples", left=["predicted class"]),
        [(class_words(run, one.label), class_words(run, one.said), one.count) for one in shown],
        more,
    )

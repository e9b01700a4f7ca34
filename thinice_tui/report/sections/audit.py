"""The audit of a fast ensemble: what stronger attacks found among a random part of the standing samples."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.audit import Audit, audit_of, flips_by_audit, is_escalated
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.document.blocks import Block, Heading, Paragraph
from thinice_tui.runfile.records import Run


def audit_section(analysis: Analysis) -> Iterator[Block]:
    """A line a model, and what follows from the audit; nothing where the run has none."""
    run = analysis.run
    audits = [(model.record.name, audit) for model in run.models if (audit := audit_of(run, model)) is not None]
    if not audits:
        return
    part = "all that" if _is_whole([audit for _, audit in audits]) else "a random part of what"
    yield Heading(f"Audit: FAB-T and Square on {part} the fast attacks leave", level=3)
    for name, audit in audits:
        yield Paragraph(f"{name}: {_sentence(audit, len(run.labels), is_escalated(run))}")
    yield Paragraph(_conclusion(run, [audit for _, audit in audits]))


def _is_whole(audits: Sequence[Audit]) -> bool:
    """Whether every standing sample of every model was audited."""
    return all(audit.audited == audit.standing for audit in audits)


def _sentence(audit: Audit, samples: int, escalated: bool | None) -> str:
    found = f"{audit.broken} of {audit.audited} audited samples broke ({audit.standing} stood)"
    if audit.bound is None:
        return f"{found} so far"
    if audit.audited == audit.standing:
        return f"{found}: no others are left to attack"
    if escalated:
        return f"{found}; all others were then attacked, too"
    points = f"{100 * audit.bound / samples:.2f} points" if samples else "–"
    return f"{found}; of the others at most {audit.bound} would fall ({points}; exact hypergeometric 95 % bound)"


def _conclusion(run: Run, audits: Sequence[Audit]) -> str:
    """What follows from the audits of all models."""
    escalated = is_escalated(run)
    if escalated:
        return "Escalated: every standing sample of every model went through FAB-T and Square."
    if escalated is None:
        return "The audit, or what follows from it, is not finished."
    if _is_whole(audits):
        return "Not escalated: every standing sample of every model went through FAB-T and Square in the audit."
    if not any(audit.audited for audit in audits):
        return "No sample was audited: how many the fast attacks miss is not known."
    if any(audit.broken for audit in audits):
        said = "Not escalated, as --no-escalate says: the audit's breaks lower robust accuracy, the others may, too."
        flips = flips_by_audit(run)
        alike = f" It attacked other samples of each model, and {_flips(flips)} on it alone: escalate to compare."
        return said + (alike if flips else "")
    return "Not escalated: the audit broke nothing. Robust accuracies stay upper bounds, within the bound above."


def _flips(count: int) -> str:
    return "1 flip rests" if count == 1 else f"{count} flips rest"

"""A methods paragraph of exactly what ran, and the works that it names, to paste into a paper."""

from collections.abc import Iterator, Sequence

from thinice_tui.analysis.audit import is_left_out
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.diagnostics import TRANSFER_CHECK
from thinice_tui.analysis.several.exemplars import FEWEST_SEEDS
from thinice_tui.analysis.several.over_seeds import FEWEST_FOR_INTERVAL
from thinice_tui.protocol.attacks import ATTACKS
from thinice_tui.protocol.audit import ALL
from thinice_tui.protocol.distance import is_distance
from thinice_tui.protocol.ensembles import is_audited
from thinice_tui.protocol.settings import NOT_STANDARD, Settings
from thinice_tui.protocol.threat_model import Norm
from thinice_tui.report.document.blocks import Block, Code, Heading, Paragraph
from thinice_tui.report.references import bibtex
from thinice_tui.report.sections.run_words import eps_words
from thinice_tui.report.sections.statistics_methods import (
    FLIPS,
    MANTEL,
    PIRAS,
    WORKS_OF_STATISTICS,
    Cited,
    statistics_sentences,
)
from thinice_tui.runfile.records import StageRecord

APGD = "(Croce and Hein 2020a)", "croce2020reliable"
APGD_L1 = "(Croce and Hein 2021)", "croce2021mind"
FAB = "(Croce and Hein 2020b)", "croce2020minimally"
CITED = {
    "pgd": ("(Madry et al. 2018)", "madry2018towards"),
    "fab": FAB,
    "fab-t": FAB,
    "square": ("(Andriushchenko et al. 2020)", "andriushchenko2020square"),
    "pma": ("(Xie et al. 2025)", "xie2025towards"),
    "margin-t": ("(Gao et al. 2022)", "gao2022fast"),
}
"""By kind of attack; APGD's is that of its norm."""
SLIDE = "(Tramèr and Boneh 2019)", "tramer2019adversarial"
FMN = "(Pintor et al. 2021)", "pintor2021fast"
NOISE = "(Salmon et al. 2011)", "salmon2011parallel"
FAILURE = "(Pintor et al. 2022)", "pintor2022indicators"
HOOKER = "(Hooker et al. 2019)", "hooker2019what"
TOOL = "thinicetui"
BISECTION = "by bisection over eps with APGD"
SPARSE_STEPS = ("pgd", "pma", "margin-t")
"""Kinds of attack that change few pixels at a time under L1, by SLIDE's steps."""


def methods(analysis: Analysis, seeds: int = 1) -> Iterator[Block]:
    """The paragraph, and its BibTeX entries. seeds: the training seeds that were evaluated in the same way."""
    yield Heading("Methods, to paste into a paper", level=3)
    yield methods_paragraph(analysis, seeds)
    yield Code(methods_bibtex(analysis, seeds), "bibtex")


def methods_paragraph(analysis: Analysis, seeds: int = 1) -> Paragraph:
    """What was run and how it was judged, with the works that it rests on; seeds: as of `methods`."""
    statistics = statistics_sentences(analysis) if seeds == 1 else _over_seeds(analysis, seeds)
    sentences = [*_attacks(analysis), *_verdicts(analysis), *statistics]
    text = " ".join(sentences)
    return Paragraph(text, citations=[cited for cited in _ALL if cited[0] in text])


def methods_bibtex(analysis: Analysis, seeds: int = 1) -> str:
    """The entries of the works that the paragraph names, and of this tool."""
    return bibtex((TOOL, *(key for _, key in methods_paragraph(analysis, seeds).citations)))


def _attacks(analysis: Analysis) -> Iterator[str]:
    run, info = analysis.run, analysis.run.info
    settings = info.settings
    others = len(run.models) - 1
    compared = f"a dense model and {others} other{'s' if others > 1 else ''}" if others else "a dense model"
    yield (
        f"We evaluated {compared} on {info.data.samples} samples with thinice-tui "
        f"{info.versions.get('thinice-tui', '(version not recorded)')}, white-box and each on its own, under a "
        f"{settings.norm} threat model with eps = {eps_words(settings.eps, settings.norm)} and pixels in [0,1]."
    )
    ran = [stage for number, stage in enumerate(run.models[0].stages) if _ran(analysis, number)]
    attacks = [stage for stage in ran if not is_distance(stage.parameters)]
    if attacks:
        described = "; ".join(_described(stage, settings.norm) for stage in attacks)
        yield f"The attacks were {_ensemble(settings)}, in this order: {described}."
        yield "Each attacked the samples that were still classified correctly."
        if settings.norm == "L1" and any(stage.parameters.get("kind") in SPARSE_STEPS for stage in attacks):
            yield f"PGD, PMA and Margin-T took sparse steps {SLIDE[0]}."
    if not analysis.complete:
        yield "The run was not finished: robust accuracies are those after the stages that every model went through."
    if is_audited(settings.attack) and any("scope" in stage.parameters for stage in ran):
        part = "all samples" if settings.audit == ALL else "a random part of the samples"
        yield f"The audit attacked {part} that the faster attacks left."
    if settings.precision != "fp32":
        yield f"Gradients were computed in {settings.precision}, queries in fp32."
    yield f"Random numbers were counter-based {NOISE[0]}, keyed by seed {settings.seed}, stage and sample."
    yield from _distances(ran)


def _ran(analysis: Analysis, number: int) -> bool:
    """Whether a stage of that number attacked any model, or is done; not an audit or escalation of no sample."""
    stages = [model.stages[number] for model in analysis.run.models]
    return any(stage.attacked or (stage.finished and not is_left_out(stage)) for stage in stages)


def _distances(ran: Sequence[StageRecord]) -> Iterator[str]:
    """How distances were searched for; runs of early versions have no target classes there."""
    for stage in ran:
        if is_distance(stage.parameters):
            targets = _count(stage, "targets")
            fmn = f"by FMN {FMN[0]}, towards any class and {targets} target classes"
            by = fmn if targets else BISECTION
            yield f"Minimum-norm distances to the decision boundary were bounded from above {by}."


def _ensemble(settings: Settings) -> str:
    name = settings.attack
    if settings.stages is not None:
        return f"chosen one by one ({NOT_STANDARD})"
    if name.lower() == "standard":
        return f"PGD and AutoAttack's standard ensemble {APGD[0]}"
    if name.lower() == "plus":
        return f"PGD and the protocol of Samples on Thin Ice {PIRAS[0]}"
    return f"those of the ensemble {name}"


def _described(stage: StageRecord, norm: Norm) -> str:
    """`APGD-T (Croce and Hein 2020a) with 100 steps and 9 targets`."""
    kind = str(stage.parameters.get("kind"))
    steps, restarts, targets = (_count(stage, name) for name in ("steps", "restarts", "targets"))
    attack = ATTACKS.get(kind)
    parts = [f"{steps} {'steps' if attack is None or attack.gradients else 'queries'}"] if steps else []
    parts += [f"{restarts} restarts"] if restarts > 1 else []
    parts += [f"{targets} targets"] if targets else []
    cited = _cited(kind, norm)
    named = f"{stage.name} {cited[0]}" if cited else stage.name
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return f"{named} with {listed}" if parts else named


def _cited(kind: str, norm: Norm) -> Cited | None:
    if kind.startswith("apgd"):
        return APGD_L1 if str(norm) == "L1" else APGD
    return CITED.get(kind)


def _count(stage: StageRecord, name: str) -> int:
    value = stage.parameters.get(name)
    return value if type(value) is int else 0


def _verdicts(analysis: Analysis) -> Iterator[str]:
    yield (
        "A sample counts as robust if its clean image is classified correctly and no attack found a misclassified "
        "image; such an image counted only after it was verified on the unmodified model in full precision: inside the "
        "eps ball, inside [0,1], with finite logits, misclassified."
    )
    checks = {found.check for found in analysis.run.findings}
    if checks - {TRANSFER_CHECK}:
        yield f"Samples that stayed robust were examined for signs of failed attacks {FAILURE[0]}."
    if TRANSFER_CHECK in checks:
        yield (
            "Adversarial images that broke one model were also tried on the samples on which the others stayed robust; "
            "what they break is told apart and changes no verdict."
        )


def _over_seeds(analysis: Analysis, seeds: int) -> Iterator[str]:
    yield f"All models were trained with {seeds} training seeds, and the models of each were evaluated in this way."
    spread = "Student's t intervals, 95 %" if seeds >= FEWEST_FOR_INTERVAL else "the least and the largest value"
    if not analysis.comparisons:
        yield f"Numbers are means over training seeds, with {spread}."
        return
    yield (
        f"Samples were split by which of two models is robust on them {PIRAS[0]}, with negative and positive flip "
        f"rates {FLIPS[0]}. Numbers are means over training seeds, with {spread}. The losses that seeds share were "
        "compared with chance within deciles of the dense model's clean margin, by the test for strata "
        f"{MANTEL[0]} summed over pairs of seeds."
    )
    if seeds >= FEWEST_SEEDS:
        yield (
            f"Pruning-identified exemplars {HOOKER[0]} are samples on which the modal clean predictions of the dense "
            "models and of the others differ; under attack, samples that most models of one kind hold and most of the "
            "other do not."
        )


_ALL: tuple[Cited, ...] = tuple(
    dict.fromkeys((*CITED.values(), APGD, APGD_L1, SLIDE, FMN, FAILURE, NOISE, *WORKS_OF_STATISTICS, HOOKER))
)

"""The html format: one file that needs no network, with pictures, and a table of samples that sorts and filters."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.errors import ThiniceError
from thinice_tui.report.document.blocks import Block, Heading, Table
from thinice_tui.report.html.figures import svg
from thinice_tui.report.html.flips import flips_section
from thinice_tui.report.html.samples import MOST, as_script, samples_data
from thinice_tui.report.renderers.html import escaped, html_blocks
from thinice_tui.report.report_document import report_document

ASSETS = Path(__file__).parent / "assets"
LIBRARY = "matplotlib"


def needs_html() -> None:
    """Raise ThiniceError where the package is missing that draws the plots."""
    if find_spec(LIBRARY) is None:
        raise ThiniceError(f"the html report draws its plots with {LIBRARY}, which is not installed", INSTALL)


INSTALL = "pip install -c constraints.txt -e '.[html]', or another format: text, md, csv, json, latex"


def html_report(analysis: Analysis, more: Sequence[Block] = ()) -> str:
    """The page; more: as of `report_document`. Raises ThiniceError where matplotlib is missing."""
    needs_html()
    blocks = list(report_document(analysis, more))
    control = next((c for c in analysis.comparisons if c.other.record.role == "control"), None)
    flips = list(flips_section(analysis, control))
    head, first, rest = _split(blocks)

    def draw(plot_blocks: Sequence[Block], begin: int) -> Iterator[str]:
        return html_blocks(plot_blocks, lambda plot, number: svg(plot.chart, begin + number, plot.alt))

    contents = _contents(blocks, bool(flips))
    body = [*draw(head, 0), contents, *draw(first, 0), *flips, _samples(analysis), *draw(rest, len(first))]
    script = (ASSETS / "report.js").read_text(encoding="utf-8")
    style = (ASSETS / "report.css").read_text(encoding="utf-8")
    names = ", ".join(model.record.name for model in analysis.run.models)
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Samples on thin ice: {escaped(names)}</title>\n"
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n" + "\n".join(body) + "\n</main>\n"
        f'<script type="application/json" id="data">{as_script(samples_data(analysis.run))}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _policy(script: str) -> str:
    """Only this page's own script, its styles, and pictures that are in it."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _split(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Block], Sequence[Block]]:
    """The blocks before the first table, those before the first section, and the others."""
    table = next((n for n, block in enumerate(blocks) if isinstance(block, Table)), len(blocks))
    at = next((n for n, block in enumerate(blocks) if isinstance(block, Heading) and block.level == 2), len(blocks))
    return blocks[:table], blocks[table:at], blocks[at:]


def _contents(blocks: Sequence[Block], flips: bool) -> str:
    sections = [block.text for block in blocks if isinstance(block, Heading) and block.level == 2]
    links = [("flips", "The most telling flips")] if flips else []
    links += [("samples", "Samples"), *((f"section-{number}", text) for number, text in enumerate(sections))]
    listed = "".join(f'<li><a href="#{target}">{escaped(text)}</a></li>' for target, text in links)
    return f'<nav aria-label="Contents"><ul>{listed}</ul></nav>'


def _samples(analysis: Analysis) -> str:
    """The table's place; the script fills it."""
    n = len(analysis.run.labels)
    left_out = f" The {MOST} of the lowest dense margin; the CSV report has all {n}." if n > MOST else ""
    return (
        '<section aria-labelledby="samples"><h2 id="samples">Samples</h2>'
        f"<p>Every sample, lowest dense margin first.{left_out} A column's title sorts by it. Sets: ▼ lost (S10: "
        "robust for dense, not for the model), ▲ gained (S01), ● held (S11: robust for both), ○ broken (S00: for "
        "neither).</p>"
        '<form id="filter"></form><p id="count" role="status"></p>'
        '<div class="scroll tall" tabindex="0"><table id="table"><thead></thead><tbody></tbody></table></div>'
        '<p><button type="button" id="more" hidden>Show more rows</button></p>'
        "<noscript><p>The table needs JavaScript, which is off. The CSV report has the same samples.</p></noscript>"
        "</section>"
    )

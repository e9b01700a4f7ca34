"""The numbers of a report as a reader of each format finds them, by model and quantity, as text: `9.3 [7.7, 11.3]`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from markdown_it import MarkdownIt
from pylatexenc.latex2text import LatexNodes2Text

from tests.report.html.reading import parsed, words

Numbers = dict[tuple[str, str], str]
"""By model and quantity; of a class the quantity is `class NAME`, and its number `LOST of HELD: RATE, p P`."""
QUANTITIES = {
    **{"clean %": "clean", "PGD-20 %": "weak", "robust %": "robust", "PGD-20 − all": "gap", "NFR %": "NFR"},
    **{"PFR %": "PFR", "AUC": "AUC", "AUC attacked": "AUC attacked", "excess %": "excess"},
}
"""By the titles of the table of models, in their order."""
SECTION = re.compile(r"dense → (\S+)")
CLASSES = "Flip rate S10/(S10+S11) by class"


@dataclass(frozen=True)
class ReadTable:
    """A table as it was read: the heading above it, its caption, titles and rows of cells."""

    heading: str
    caption: str
    titles: list[str]
    rows: list[list[str]]


def shown(value: float, low: float | None = None, high: float | None = None, digits: int = 1) -> str:
    """A fraction in percent, or with 2 digits a number as it is, with its interval."""
    scale = 100 if digits == 1 else 1
    interval = "" if low is None or high is None else f" [{scale * low:.{digits}f}, {scale * high:.{digits}f}]"
    return f"{scale * value:.{digits}f}{interval}"


def of_class(lost: object, held: object, rate: str, p: str) -> str:
    return f"{lost} of {held}: {rate}, p {p}"


def from_json(report: Mapping[str, Any]) -> Numbers:
    found: Numbers = {}
    names = report["run"]["data"]["class_names"]
    for model in report["models"]:
        weak = model["stages"][0]
        found |= {
            (model["name"], "clean"): _with_interval(model, "clean_accuracy"),
            (model["name"], "weak"): _with_interval(weak, "robust_accuracy_after"),
            (model["name"], "robust"): _with_interval(model, "robust_accuracy"),
            (model["name"], "gap"): shown(model["overestimation_gap"]["gap"]),
        }
    for one in report["comparisons"]:
        name = one["pruned"]
        found |= {
            (name, "NFR"): _with_interval(one, "nfr"),
            (name, "PFR"): _with_interval(one, "pfr"),
            (name, "AUC"): _estimate(one["auc_s10_s11"], 2),
            (name, "AUC attacked"): _estimate(one["adversarial_auc_s10_s11"], 2),
        }
        if one["excess"] is not None:
            found[name, "excess"] = _estimate(one["excess"]["excess_nfr"], 1)
        for each in one["flip_kinds"]["classes"]:
            said = of_class(each["lost"], each["held"], _estimate(each["rate"], 1), f"{each['p_holm']:.2g}")
            found[name, f"class {names[each['label']]}"] = said
    return found


def _with_interval(found: Mapping[str, Any], name: str) -> str:
    interval = found[f"{name}_interval"]
    return shown(found[name], interval["low"], interval["high"])


def _estimate(found: Mapping[str, float], digits: int) -> str:
    return shown(found["value"], found["low"], found["high"], digits)


def from_tables(tables: Sequence[ReadTable]) -> Numbers:
    """From the table of models, and from that of the classes of each model."""
    found: Numbers = {}
    (models,) = (table for table in tables if table.caption == "Models")
    for name, *cells in models.rows:
        for title, cell in zip(models.titles[1:], cells, strict=True):
            if title in QUANTITIES and cell:
                found[name, QUANTITIES[title]] = cell
    for table in tables:
        if table.caption.startswith(CLASSES):
            section = SECTION.match(table.heading)
            assert section is not None
            for name, lost, held, rate, p in table.rows:
                found[section[1], f"class {name}"] = of_class(lost, held, rate, p)
    return found


def from_markdown(text: str) -> Numbers:
    return from_tables(list(_markdown_tables(text)))


def _markdown_tables(text: str) -> Iterator[ReadTable]:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    heading, above = "", ""
    rows: list[list[str]] = []
    for number, token in enumerate(tokens):
        if token.type == "inline":
            plain = "".join(child.content for child in token.children or () if child.type in ("text", "text_special"))
            before = tokens[number - 1].type
            if before == "heading_open":
                heading = plain
            elif before == "paragraph_open":
                above = plain
            elif before in ("th_open", "td_open"):
                rows[-1].append(plain)
        elif token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "table_close":
            yield ReadTable(heading, above, rows[0], rows[1:])


def from_html(text: str) -> Numbers:
    return from_tables(list(_html_tables(parsed(text))))


def _html_tables(root: Element) -> Iterator[ReadTable]:
    heading = ""
    for element in root.iter():
        if element.tag in ("h1", "h2", "h3"):
            heading = words(element)
        elif element.tag == "table" and element.find("caption") is not None:
            caption = element.find("caption")
            assert caption is not None
            titles, *rows = [[words(cell) for cell in row] for row in element.iter("tr")]
            yield ReadTable(heading, words(caption), titles, rows)


def from_latex(text: str) -> Numbers:
    """As pylatexenc reads it."""
    return from_tables(list(_latex_tables(text)))


def _latex_tables(text: str) -> Iterator[ReadTable]:
    plain = LatexNodes2Text().latex_to_text
    heading = ""
    for found in re.finditer(r"\\(?:sub)*section\*\{(.*)\}$|\\begin\{table\}[^\0]*?\\end\{table\}", text, re.M):
        if found[1] is not None:
            heading = plain(found[1])
            continue
        caption = re.search(r"\\caption\{(.*)\}$", found[0], re.M)
        inside = found[0].partition("\\toprule")[2].partition("\\bottomrule")[0]
        lines = [line for line in inside.splitlines() if line.endswith("\\\\")]
        rows = [[plain(cell).strip() for cell in re.split(r"(?<!\\)&", line[:-2])] for line in lines]
        rows = [[cell.replace(" - ", " − ") for cell in row] for row in rows]
        yield ReadTable(heading, plain(caption[1]) if caption else "", rows[0], rows[1:])


def from_text(text: str, order: Sequence[tuple[str, str]]) -> Numbers:
    """From a text of 100 columns: its wide tables have intervals below their numbers, and are split.

    order: models and quantities, as the table of models has them.
    """
    found: Numbers = {}
    models = text.split("\nModels\n")[1].split("95 % intervals in brackets")[0]
    for name in dict.fromkeys(name for name, _ in order):
        rows = re.findall(rf"^{name} (.*)\n( .*)?$", models, re.MULTILINE)
        values = re.sub(r"\d+\.\d % zeros", "", " ".join(row for row, _ in rows)).split()
        intervals = re.findall(r"\[.*?\]", " ".join(below for _, below in rows))
        for quantity in (quantity for one, quantity in order if one == name):
            found[name, quantity] = values.pop(0) + ("" if quantity == "gap" else f" {intervals.pop(0)}")
        assert not values and not intervals
    for section in text.split("\ndense → ")[1:]:
        name, _, rest = section.partition("\n")
        table = rest.partition(CLASSES)[2].partition("p: Fisher")[0]
        for row in re.findall(r"^(\S+) +(\d+) +(\d+) +(\S+ \[.*?\]) +(\S+) *$", table, re.MULTILINE):
            found[name.split()[0], f"class {row[0]}"] = of_class(*row[1:])
    return found

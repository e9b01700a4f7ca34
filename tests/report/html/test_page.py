"""The HTML report: one file that asks for nothing, read by html5lib and opened in Chromium where there is one."""

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.calling import call
from tests.fake_runs import write_run
from tests.report.hostile import hostile_analysis
from tests.report.html.chromium import Page, browser, needs_chromium
from tests.report.html.reading import parsed, words
from tests.report.rendering import MODELS, analysis_of
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.report.html import page
from thinice_tui.report.html.page import html_report


def test_the_page_is_whole_and_asks_for_nothing(tmp_path: Path) -> None:
    text = html_report(analysis_of(tmp_path))
    root = parsed(text)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name in ("src", "href"):
                assert value.startswith(("#", "data:image/png;base64,")), value
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org)[^\s]*\.(js|css)", text)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    targets = [link.get("href").removeprefix("#") for link in root.iter("a")]
    assert targets and set(targets) <= set(ids)
    assert root.find("head/meta[@name='viewport']") is not None and root.get("lang") == "en"
    said = words(root)
    for needed in ("Linf eps 8/255", "SHA-256", "Wilson", "How these numbers were made", "seed 3", "thinice-tui 0.1.0"):
        assert needed in said, needed
    plots = list(root.iter("{http://www.w3.org/2000/svg}svg"))
    assert len(plots) == 7 and all(plot.get("role") == "img" and plot.get("aria-label") for plot in plots)


def test_only_the_pages_own_script_may_run(tmp_path: Path) -> None:
    root = parsed(html_report(analysis_of(tmp_path)))
    data, script = root.iter("script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    policy = root.find("head/meta[@http-equiv='Content-Security-Policy']").get("content")
    assert policy.startswith("default-src 'none'; ") and f"script-src 'sha256-{digest}'" in policy
    assert data.get("type") == "application/json" and json.loads(data.text)["total"] == 200


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "hostile.html"
    path.write_text(html_report(hostile_analysis(path.parent)))
    return path


def test_a_hostile_run_adds_no_element_and_no_script(hostile: Path) -> None:
    root = parsed(hostile.read_text())
    assert len(list(root.iter("script"))) == 2
    assert all(image.get("src").startswith("data:") for image in root.iter("img"))
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
    assert all(link.get("href").startswith("#") for link in root.iter("a"))


def test_without_matplotlib_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read or written."""
    monkeypatch.setattr(page, "LIBRARY", "no_such_library")
    write_run(tmp_path / "a.thinice", MODELS, n=20)
    result = call("report", tmp_path / "a.thinice", "-o", tmp_path / "a.html", "-o", tmp_path / "a.json")
    said = " ".join(result.stderr.split())
    assert (
        result.exit_code == 1
        and "which is not installed" in said
        and "pip install -c constraints.txt -e '.[html]'" in said
    )
    assert not (tmp_path / "a.html").exists() and not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("run", [{"through": 0}, {"through": 1}, {"attack": "quick", "keep_images": False}], ids=str)
def test_every_state_of_a_run_is_a_page(run: dict[str, object], tmp_path: Path) -> None:
    root = parsed(html_report(analysis_of(tmp_path, **run)))
    assert "Samples on thin ice" in words(root)


def test_one_model_alone_is_a_page(tmp_path: Path) -> None:
    root = parsed(html_report(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"}))))
    assert "One model alone" in words(root)


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(scheme: str) -> None:
    """4.5 for text on either background; so also above the 3 that lines of a plot need."""
    found = re.findall(r":root \{(.*?)\}", (page.ASSETS / "report.css").read_text(), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", found[scheme == "dark"]))
    inks = sorted(set(colours) - {"paper", "raised", "line"})
    assert {"ink", "quiet", "link", "s10", "s01", "s11", "s00", "m0", "m6"} <= set(inks)
    for ink, ground in itertools.product(inks, ("paper", "raised")):
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


# opened in a browser


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analysis_of(tmp_path_factory.mktemp("run"), n=600)


@pytest.fixture(scope="module")
def file(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "a b.html"
    path.write_text(html_report(analysis))
    return path


ROWS = "[...document.querySelectorAll('#table tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))"
COUNT = "document.getElementById('count').textContent"


def column(shown: Page, number: int) -> list[str]:
    return [row[number] for row in shown.value(ROWS)]


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_the_window_without_complaint_or_request(width: int, dark: bool, shown: Page, file: Path) -> None:
    shown.open(file, width=width, dark=dark)
    assert shown.complaints == [] and shown.requests == []
    assert shown.value("document.documentElement.scrollWidth") <= width
    assert len(shown.value(ROWS)) == 200 and shown.value(COUNT).startswith("600 of 600 samples match; the first 200")
    ground = shown.value("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")
    assert shown.value("[...document.images].every(image => image.complete && image.naturalWidth > 0)")


@needs_chromium
def test_the_keyboard_sorts_filters_and_shows_more(shown: Page, file: Path) -> None:
    shown.open(file)
    margins = [float(value) for value in column(shown, 2)]
    assert margins == sorted(margins)
    shown.value("document.querySelector('#table th[data-key=margin] button').focus()")
    shown.press("Enter", 13, "\r")
    margins = [float(value) for value in column(shown, 2)]
    assert margins == sorted(margins, reverse=True)
    assert shown.value("document.querySelector('#table th[data-key=margin]').getAttribute('aria-sort')") == "descending"
    shown.press("Tab", 9)
    assert shown.value("document.activeElement.textContent") == "dense broken by"
    shown.value("document.getElementById('filter-set1').focus()")
    shown.press("ArrowDown", 40)
    chosen = shown.value("document.getElementById('filter-set1').selectedOptions[0].textContent")
    assert chosen != "all" and set(column(shown, 4)) == {chosen}
    shown.open(file)
    shown.value("document.getElementById('more').focus()")
    shown.press("Enter", 13, "\r")
    assert len(shown.value(ROWS)) == 400


@needs_chromium
def test_an_address_with_a_filter_opens_it(shown: Page, file: Path, analysis: Analysis) -> None:
    lost = analysis.comparisons[0].sets.s10
    names = shown_names(file)
    code = names.index("▼ lost")
    shown.open(file, f"#set1={code}&sort=sample&down=1")
    rows = shown.value(ROWS)
    indices = analysis.run.indices[lost].tolist()
    assert [int(row[0]) for row in rows] == sorted(indices, reverse=True)
    assert {row[4] for row in rows} == {"▼ lost"} and shown.complaints == []
    assert shown.value(COUNT) == f"{len(indices)} of 600 samples match; all shown."
    shown.open(file, "#low=1&high=2")
    assert all(1 <= float(value) <= 2 for value in column(shown, 2)) and shown.value(ROWS)


def shown_names(file: Path) -> list[str]:
    data = json.loads(next(parsed(file.read_text()).iter("script")).text)
    names: list[str] = next(column["names"] for column in data["columns"] if column["key"] == "set1")
    return names


@needs_chromium
def test_hostile_names_do_nothing_in_a_browser(shown: Page, hostile: Path) -> None:
    shown.open(hostile, width=400)
    assert shown.complaints == [] and shown.requests == []
    assert shown.value("document.documentElement.scrollWidth") <= 400
    assert "<script>alert(1)</script>" in column(shown, 1)
    assert shown.value("document.querySelectorAll('img[src=x]').length") == 0


@needs_chromium
def test_ten_thousand_samples_stay_usable(shown: Page, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"}, n=10_000, keep_images=False)
    path = tmp_path / "large.html"
    path.write_text(html_report(analyse(run)))
    assert path.stat().st_size < 3_000_000
    shown.open(path)
    assert shown.value(COUNT).startswith("10000 of 10000") and len(shown.value(ROWS)) == 200
    timed = (
        "(() => { const begin = performance.now(); document.querySelector('#table th[data-key=label] button').click();"
    )
    assert shown.value(f"{timed} return performance.now() - begin; }})()") < 2000


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_words_below_a_picture_stay_whole(width: int, dark: bool, shown: Page, tmp_path: Path) -> None:
    names = ["airplane", "automobile", "bird", "pickup_truck", "deer"]
    path = tmp_path / "cards.html"
    path.write_text(html_report(analysis_of(tmp_path / "run", class_names=names)))
    shown.open(path, width=width, dark=dark)
    broken = """[...document.querySelectorAll('.flip h4, .flip figcaption')].flatMap(place => {
        const text = place.firstChild, range = document.createRange();
        return [...text.data.matchAll(/\\S+/g)].filter(word => {
            range.setStart(text, word.index); range.setEnd(text, word.index + word[0].length);
            return range.getClientRects().length > 1;
        }).map(word => word[0]); })"""
    assert shown.value(broken) == []
    assert "automobile" in shown.value("document.querySelector('.flips').textContent")

"""The pictures of the most telling flips."""

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from tests.fake_runs import write_run
from tests.report.hostile import hostile_analysis
from tests.report.html.reading import fragment, words
from tests.report.rendering import MODELS, analysis_of
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.plots.pixels import to_pixels
from thinice_tui.report.html.flips import EACH, SIDE, flips_section
from thinice_tui.runfile.read_sample import read_image


def section(analysis: Analysis, control: bool = True) -> str:
    return "".join(flips_section(analysis, analysis.comparisons[-1] if control else None))


def pictures(text: str) -> list[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]]:
    """Alternative text and pixels of each picture."""
    found = []
    for image in fragment(text).iter("img"):
        kind, data = image.get("src").split(",", 1)
        assert kind == "data:image/png;base64"
        found.append((image.get("alt"), np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))))
    return found


def test_the_lowest_and_highest_margins_among_the_telling_flips_are_shown(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, n=400)
    run, (half, control) = analysis.run, analysis.comparisons
    telling = np.flatnonzero(half.sets.s10 & control.sets.s11)
    order = telling[np.argsort(run.models[0].clean_margin[telling])]
    assert len(order) > 2 * EACH
    wanted = [int(run.indices[position]) for position in [*order[:EACH], *order[-EACH:]]]
    text = section(analysis)
    titles = [words(element) for element in fragment(text).iter("h4")]
    assert [int(title.split()[0].removeprefix("#")) for title in titles] == wanted
    found = pictures(text)
    assert len(found) == 3 * len(wanted)
    alt, pixels = found[0]
    assert alt == f"sample {wanted[0]}, clean: {run.class_names[run.labels[order[0]]]}"
    assert (pixels == to_pixels(read_image(Path(run.path), int(order[0])))).all()
    assert "adversarial for half" in found[1][0] and "amplified" in found[2][0]


def test_without_a_control_all_lost_samples_count(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    assert "dense holds:" in section(analysis, control=False) and "dense and the control hold:" in section(analysis)


def test_without_a_pruned_model_there_is_no_section(tmp_path: Path) -> None:
    assert not list(flips_section(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"})), None))


def test_a_run_without_images_says_so(tmp_path: Path) -> None:
    text = section(analysis_of(tmp_path, keep_images=False))
    assert "keeps no adversarial images" in text and not pictures(text)
    gone = analysis_of(tmp_path / "b")
    assert not pictures(section(analyse(replace(gone.run, path=str(tmp_path / "gone.thinice")))))


def test_a_large_image_is_shrunk(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS, n=60, shape=(3, 3 * SIDE, 2 * SIDE)))
    found = pictures(section(analysis, control=False))
    assert found and all(pixels.shape[:2] == (SIDE, 2 * SIDE // 3) for _, pixels in found)


def test_hostile_class_names_are_text(tmp_path: Path) -> None:
    text = section(hostile_analysis(tmp_path), control=False)
    tags = {element.tag for element in fragment(text).iter()}
    assert tags <= {
        "DOCUMENT_FRAGMENT",
        "h2",
        "h3",
        "h4",
        "p",
        "div",
        "article",
        "small",
        "figure",
        "figcaption",
        "img",
    }
    assert all(set(image.attrib) == {"alt", "src"} for image in fragment(text).iter("img"))

"""Exports and copies: real files, read again."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from textual.widgets import Input, OptionList, Static

from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import MODELS, Driver, opened
from thinice_tui.runfile.read_sample import read_adversarial, read_image, read_logits_at
from thinice_tui.tui.screens.dialogs import TextDialog

CHOICES = ("csv", "json", "indices", "thin_ice", "png", "npz", "all_png")


async def export(driver: Driver, choice: str, name: str | None = None) -> None:
    """Export `choice` to its default name, or to `name`."""
    await driver.press("x", *["down"] * CHOICES.index(choice), "enter")
    assert isinstance(driver.app.screen, TextDialog)
    if name is not None:
        driver.app.screen.query_one(Input).value = name
    await driver.press("enter")
    await driver.until(lambda: driver.app.screen is driver.browse)


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


async def test_csv(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("1", "s")
        await export(driver, "csv")
        await driver.says(f"saved {Path('made-half-S10-samples.csv').absolute()}")
        found = read_csv(Path("made-half-S10-samples.csv"))
        assert list(found[0])[:3] == ["sample", "label", "class"]
        assert [int(row["sample"]) for row in found] == [3 * position for position in driver.order]
        assert {row["set@half"] for row in found} == {"S10"}
        assert {(row["run_file"], row["compared_with"], row["sets"]) for row in found} == {
            ("made.thinice", "half", "S10")
        }


async def test_json(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/", *"label=1", "backspace", *'"class 1"', "enter")
        await export(driver, "json")
        await driver.says("saved")
        found = json.loads(Path("made-half-dense-holds-label=_class_1-samples.json").read_text())
        assert found["filter"] == 'label="class 1"' and found["complete"] is True
        assert [row["sample"] for row in found["samples"]] == [3 * position for position in driver.order]
        assert {row["label"] for row in found["samples"]} == {"class 1"}


async def test_indices(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("2")
        await export(driver, "indices")
        await driver.says("saved")
        found = np.loadtxt("made-half-S01-indices.txt", dtype=np.int64)
        assert found.tolist() == [3 * position for position in driver.order]


async def test_thin_ice_holds_all_lost_samples_whatever_is_shown(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("1", "r")
        lost = [3 * position for position in reversed(driver.order)]
        await driver.press("4")
        await export(driver, "thin_ice")
        await driver.says("saved")
        assert np.loadtxt("made-half-thin-ice.txt", dtype=np.int64).tolist() == lost


async def test_images_as_png(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("1")
        index = 3 * driver.selected
        await export(driver, "png")
        await driver.says("saved")
        folder = Path(f"made-sample-{index}")
        kept = [
            name
            for number, name in enumerate(MODELS)
            if read_adversarial(run_file, number, driver.selected) is not None
        ]
        assert {path.name for path in folder.iterdir()} == {
            *("samples.csv", f"sample-{index}-clean.png"),
            *(f"sample-{index}-{name}-attacked.png" for name in kept),
        }
        assert "half" in kept
        drawn = np.array(Image.open(folder / f"sample-{index}-clean.png"))
        assert np.array_equal(drawn[::8, ::8].transpose(2, 0, 1), read_image(run_file, driver.selected))


async def test_images_and_logits_as_npz(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("1")
        position = driver.selected
        await export(driver, "npz")
        await driver.says("saved")
        with np.load(f"made-sample-{3 * position}.npz") as found:
            kinds = ("adversarial", "logits", "attacked_logits")
            assert set(found) == {
                *("clean", "index", "label", "run_file", "compared_with", "filter", "sets"),
                *(f"{kind}@{name}" for kind in kinds for name in MODELS),
            }
            assert np.array_equal(found["clean"], [read_image(run_file, position)])
            for number, name in enumerate(MODELS):
                adversarial = read_adversarial(run_file, number, position)
                wanted = np.full(found["clean"].shape[1:], np.nan) if adversarial is None else adversarial
                assert np.array_equal(found[f"adversarial@{name}"], [wanted], equal_nan=True)
                for kind, logits in zip(kinds[1:], read_logits_at(run_file, number, position), strict=True):
                    assert logits is not None and np.array_equal(found[f"{kind}@{name}"], [logits])
            assert (found["index"].tolist(), found["label"].tolist()) == ([3 * position], [position % 5])
            assert (found["compared_with"], found["run_file"]) == ("half", "made.thinice")


async def test_marked_samples_are_exported_in_one_go(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("1", "space", "space", "2")
        marked = sorted(driver.session.marked)
        await driver.press("x")
        await driver.shows("2 samples marked", "images of 2 marked")
        await driver.press("escape")
        await export(driver, "csv")
        await driver.says("saved")
        found = read_csv(Path("made-half-marked-samples.csv"))
        assert sorted(int(row["sample"]) for row in found) == [3 * position for position in marked]
        await export(driver, "png")
        await driver.says("saved", times=2)
        names = {path.name for path in Path("made-half-marked-images").iterdir()}
        assert {
            f"sample-{3 * position}-{what}.png" for position in marked for what in ("clean", "half-attacked")
        } <= names
        await export(driver, "npz")
        await driver.says("saved", times=3)
        with np.load("made-half-marked-images.npz") as arrays:
            assert sorted(arrays["index"].tolist()) == [3 * position for position in marked]
            assert arrays["clean"].shape == (2, 3, 8, 8)
        await driver.press("y")
        await driver.says("2 marked indices: copied")
        assert sorted(map(int, driver.app.clipboard.split())) == [3 * position for position in marked]


async def test_images_of_all_samples_shown(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("1")
        await export(driver, "all_png")
        await driver.says("saved")
        folder = Path("made-half-S10-images")
        assert (
            len(list(folder.glob("*-clean.png"))) == len(driver.order) == len(list(folder.glob("*-half-attacked.png")))
        )
        table = read_csv(folder / "samples.csv")
        assert [int(row["sample"]) for row in table] == [3 * position for position in driver.order]


async def test_nothing_is_overwritten_by_default(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for number, choice in enumerate(("csv", "png", "npz")):
            await export(driver, choice)
            await driver.says("saved", times=2 * number + 1)
            before = {path: path.read_bytes() for path in Path().glob("made-*") if path.is_file()}
            await export(driver, choice)
            await driver.says("saved", times=2 * number + 2)
            assert len(list(Path().glob("made-*"))) == 2 * number + 2
            assert all(path.read_bytes() == content for path, content in before.items())


async def refused(driver: Driver, choice: str, name: str, reason: str) -> None:
    """Ask for an export to a path that is none: the dialog says why, and stays."""
    await driver.press("x", *["down"] * CHOICES.index(choice), "enter")
    driver.app.screen.query_one(Input).value = name
    await driver.press("enter")
    await driver.press()
    assert isinstance(driver.app.screen, TextDialog) and not driver.said
    assert reason in str(driver.app.screen.query_one(".dialog-problem", Static).render())


async def test_nothing_is_overwritten_on_purpose(run_file: Path, settings_file: Path) -> None:
    for kept in ("kept", "kept.npz"):
        Path(kept).write_text("kept")
    async with opened(run_file, settings_file) as driver:
        for choice, name in (("csv", "kept"), ("png", "kept"), ("npz", "kept.npz"), ("npz", "kept")):
            await refused(driver, choice, name, "exists already and is left as it is; give another name")
            await driver.press("escape")
        await refused(driver, "csv", "kept", "exists already")
        await driver.press("end", "2", "enter")
        await driver.says(f"saved {Path('kept2').absolute()}")
    assert Path("kept").read_text() == Path("kept.npz").read_text() == "kept"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a" * 300, id="too long"),
        pytest.param("made.thinice/a.csv", id="in a file"),
        pytest.param("~nobody-of-this-name/a.csv", id="in nobody's home"),
        pytest.param("/proc/a/b", id="where nothing can be written"),
    ],
)
async def test_an_impossible_path_is_reported(name: str, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for choice in ("csv", "png", "npz"):
            await refused(driver, choice, name, "; give ")
            await driver.press("escape")
        await driver.press("j")
        assert driver.cursor == 1, "the driver goes on"


async def test_a_name_left_empty_saves_nothing(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        before = set(Path().iterdir())
        await export(driver, "csv", "  ")
        await driver.press("x", "enter", "escape")
        assert set(Path().iterdir()) == before and driver.said == []


async def test_a_home_folder_is_understood(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    async with opened(run_file, settings_file) as driver:
        await export(driver, "csv", "~/a.csv")
        await driver.says(f"saved {tmp_path}/home/a.csv")
        assert (tmp_path / "home" / "a.csv").exists()


async def test_images_of_a_run_that_is_gone_are_not_saved_and_that_is_reported(
    run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        run_file.unlink()
        await driver.says("there is no such run file")
        for times, choice in enumerate(("png", "npz"), 2):
            await export(driver, choice)
            await driver.says("there is no such run file", times=times)
        await export(driver, "csv")
        await driver.says("saved")
        assert {path.name for path in Path().glob("made-*")} == {"made-half-dense-holds-samples.csv"}


async def test_an_unfinished_run_says_so_before_it_is_exported(unfinished: Path, settings_file: Path) -> None:
    async with opened(unfinished, settings_file) as driver:
        await driver.press("x")
        await driver.shows("The run is not finished", "sets are as they are so far")


async def test_a_screenshot_that_cannot_be_saved_is_reported(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        Path("gone").mkdir()
        os.chdir("gone")
        Path("../gone").rmdir()
        await driver.press("ctrl+s")
        await driver.until(lambda: driver.said)
        assert "saved" not in driver.said[0]
        await driver.press("x")
        assert driver.app.screen.query_one(OptionList).option_count == len(CHOICES)


@of_actions("export")
async def test_export(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key, "enter", "enter")
            await driver.says("saved")
            saved = Path("made-half-dense-holds-samples.csv")
            assert len(saved.read_text().splitlines()) == 1 + len(driver.order)
            saved.unlink()


@of_actions("copy", "copy_all")
async def test_copy(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "1", "j"):
            driver.app.copy_to_clipboard("")
            await driver.press(do.key)
            found = [3 * position for position in driver.order]
            copied = [found[1]] if do.name == "copy" else found
            await driver.says(f"#{found[1]}: copied" if do.name == "copy" else f"{len(found)} indices: copied")
            assert driver.app.clipboard == "\n".join(map(str, copied))


@of_actions("screenshot")
async def test_screenshot(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.drawn()
            await driver.press(do.key, do.key)
            for name in ("thinice-screen.svg", "thinice-screen-2.svg"):  # and the first is left as it was
                svg = Path(name).read_text()
                assert svg.startswith("<svg") and "half" in svg
                Path(name).unlink()


@of_actions("pictures")
async def test_pictures(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "1"):
            index = 3 * driver.selected
            folder = Path(f"made-sample-{index}")
            for times in (1, 2):
                await driver.press(do.key)
                await driver.says(f"PNG in {folder.absolute()}", times=times)
            names = {file.name for file in folder.iterdir()}
            assert f"sample-{index}-clean.png" in names and f"sample-{index}-half-attacked.png" in names
            with Image.open(folder / f"sample-{index}-clean.png") as png:
                assert png.size == (64, 64), "8 pixels a side for each of 8 x 8"


async def test_pictures_that_cannot_be_written_say_why(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        Path(f"made-sample-{3 * driver.selected}").write_text("a file where the folder should be")
        await driver.press("o")
        await driver.until(lambda: driver.said)
        assert len(driver.said) == 1 and "PNG in" not in driver.said[0]

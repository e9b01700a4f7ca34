"""What is saved and copied: real files, read again."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from textual.widgets import Input, OptionList

from tests.tui.driving import Session, opened
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.runfile.read_sample import read_adversarial, read_image, read_logits_at
from thinice_tui.tui import clipboard
from thinice_tui.tui.screens.dialogs import TextDialog

CHOICES = ("csv", "json", "indices", "thin_ice", "png", "npz")


async def export(session: Session, choice: str, name: str | None = None) -> None:
    """Export `choice` to its default name, or to `name`."""
    await session.press("x", *["down"] * CHOICES.index(choice), "enter")
    assert isinstance(session.app.screen, TextDialog)
    if name is not None:
        session.app.screen.query_one(Input).value = name
    await session.press("enter")
    await session.until(lambda: session.app.screen is session.app.browse)


async def test_csv(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("1", "s")
        await export(session, "csv")
        await session.says(f"saved {Path('made-samples.csv').absolute()}")
        found = list(csv.DictReader(io.StringIO(Path("made-samples.csv").read_text())))
        assert list(found[0]) == list(COLUMNS)
        assert [int(row["sample"]) for row in found] == [3 * position for position in session.order]
        assert {row["set"] for row in found} == {"S10"}


async def test_json(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("/", *"label=1", "backspace", *'"class 1"', "enter")
        await export(session, "json")
        found = json.loads(Path("made-samples.json").read_text())
        assert found["filter"] == 'label="class 1"' and found["complete"] is True
        assert [row["sample"] for row in found["samples"]] == [3 * position for position in session.order]
        assert {row["label"] for row in found["samples"]} == {"class 1"}


async def test_indices(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("2")
        await export(session, "indices")
        found = np.loadtxt("made-indices.txt", dtype=np.int64)
        assert found.tolist() == [3 * position for position in session.order]


async def test_thin_ice_is_whatever_is_shown(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("1", "r")
        lost = [3 * position for position in reversed(session.order)]
        await session.press("4")
        await export(session, "thin_ice")
        assert np.loadtxt("made-thin-ice.txt", dtype=np.int64).tolist() == lost


async def test_images_as_png(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("1")
        index = 3 * session.selected
        await export(session, "png")
        folder = Path(f"made-sample-{index}")
        assert {path.name for path in folder.iterdir()} == {
            f"sample-{index}-clean.png",
            f"sample-{index}-half-attacked.png",
        }
        drawn = np.array(Image.open(folder / f"sample-{index}-clean.png"))
        assert np.array_equal(drawn[::8, ::8].transpose(2, 0, 1), read_image(run_file, session.selected))


async def test_images_and_logits_as_npz(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        await session.press("1")
        position = session.selected
        await export(session, "npz")
        with np.load(f"made-sample-{3 * position}.npz") as found:
            assert set(found) == {
                *("clean", "index", "label", "adversarial_pruned", "logits_clean_dense", "logits_clean_pruned"),
                *("logits_attacked_dense", "logits_attacked_pruned"),
            }
            assert np.array_equal(found["clean"], read_image(run_file, position))
            adversarial = read_adversarial(run_file, 1, position)
            assert adversarial is not None and np.array_equal(found["adversarial_pruned"], adversarial)
            for number, role in enumerate(("dense", "pruned")):
                for kind, logits in zip(("clean", "attacked"), read_logits_at(run_file, number, position), strict=True):
                    assert logits is not None and np.array_equal(found[f"logits_{kind}_{role}"], logits)
            assert (int(found["index"]), int(found["label"])) == (3 * position, position % 5)


async def test_nothing_is_overwritten_by_default(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        for number, choice in enumerate(("csv", "png", "npz")):
            await export(session, choice)
            before = {path: path.read_bytes() for path in Path().glob("made-*") if path.is_file()}
            await export(session, choice)
            await session.says("saved", times=2 * number + 2)
            assert len(list(Path().glob("made-*"))) == 2 * number + 2
            assert all(path.read_bytes() == content for path, content in before.items())


async def test_nothing_is_overwritten_on_purpose(run_file: Path, settings_file: Path) -> None:
    for kept in ("kept", "kept.npz"):
        Path(kept).write_text("kept")
    async with opened(run_file, settings_file) as session:
        for choice in ("csv", "png"):
            await export(session, choice, "kept")
            await session.until(lambda: session.said)
            assert "saved" not in session.said.pop(), choice
        await export(session, "npz", "kept.npz")
        await session.until(lambda: session.said)
        assert "saved" not in session.said.pop()
    assert Path("kept").read_text() == Path("kept.npz").read_text() == "kept"


async def test_the_ending_that_numpy_adds_overwrites_nothing(run_file: Path, settings_file: Path) -> None:
    Path("kept.npz").write_text("kept")
    async with opened(run_file, settings_file) as session:
        await export(session, "npz", "kept")
        await session.until(lambda: session.said)
        assert "saved" not in session.said[0]
        assert Path("kept.npz").read_text() == "kept"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a" * 300, id="too long"),
        pytest.param("made.thinice/a.csv", id="in a file"),
        pytest.param("~nobody-of-this-name/a.csv", id="in nobody's home"),
        pytest.param("/proc/a/b", id="where nothing can be written"),
    ],
)
async def test_a_path_that_cannot_be_is_said_so(name: str, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        for choice in ("csv", "png", "npz"):
            await export(session, choice, name)
            await session.until(lambda: session.said)
            assert "saved" not in session.said.pop()
        await session.press("j")
        assert session.table.cursor == 1, "the session goes on"


async def test_a_name_left_empty_saves_nothing(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        before = set(Path().iterdir())
        await export(session, "csv", "  ")
        await session.press("x", "enter", "escape")
        assert set(Path().iterdir()) == before and session.said == []


async def test_a_home_folder_is_understood(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    async with opened(run_file, settings_file) as session:
        await export(session, "csv", "~/a.csv")
        await session.says(f"saved {tmp_path}/home/a.csv")
        assert (tmp_path / "home" / "a.csv").exists()


async def test_images_of_a_run_that_is_gone_are_not_saved_and_said_so(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        run_file.unlink()
        await session.says("there is no such run file")
        for choice in ("png", "npz"):
            await export(session, choice)
        await session.says("there is no such run file", times=3)
        await export(session, "csv")
        await session.says("saved")
        assert {path.name for path in Path().glob("made-*")} == {"made-samples.csv"}


async def test_an_unfinished_run_says_so_before_it_is_exported(unfinished: Path, settings_file: Path) -> None:
    async with opened(unfinished, settings_file) as session:
        await session.press("x")
        await session.shows("The run is not finished", "sets are as they are so far")


# copying


def tmux(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tmux that is only `script`."""
    folder.mkdir()
    (folder / "tmux").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "tmux").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")


async def test_copying_goes_through_tmux_where_there_is_one(
    run_file: Path, settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux(tmp_path / "bin", f'echo "$@" > {tmp_path}/asked; cat > {tmp_path}/copied', monkeypatch)
    async with opened(run_file, settings_file) as session:
        await session.press("Y")
        await session.says("through tmux")
        copied = (tmp_path / "copied").read_text().split("\n")
        assert list(map(int, copied)) == [3 * position for position in session.order]
        assert (tmp_path / "asked").read_text() == "load-buffer -w -\n"


async def test_a_tmux_that_refuses_leaves_a_file_and_the_screen_as_it_is(
    run_file: Path,
    settings_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    tmux(tmp_path / "bin", "echo no server running; echo no server running >&2; exit 1", monkeypatch)
    async with opened(run_file, settings_file) as session:
        await session.press("y")
        await session.says("tmux did not take it")
        assert Path("thinice-copied.txt").read_text() == f"{3 * session.selected}\n"
    assert "no server" not in "".join(capfd.readouterr()), "what it says does not reach the terminal"


async def test_what_is_too_long_for_a_terminal_goes_to_a_file(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 10_000 < clipboard.LARGEST <= 75_000 * 3 // 4
    monkeypatch.setattr(clipboard, "LARGEST", 100)
    async with opened(run_file, settings_file) as session:
        await session.press("0", "Y")
        await session.says(f"saved to {Path('thinice-copied.txt').absolute()}")
        assert len(Path("thinice-copied.txt").read_text().split()) == 200
        assert session.app.clipboard == ""


async def test_an_unsaved_screen_is_said_to_be(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        Path("gone").mkdir()
        os.chdir("gone")
        Path("../gone").rmdir()
        await session.press("ctrl+s")
        await session.until(lambda: session.said)
        assert "saved" not in session.said[0]
        await session.press("x")
        assert session.app.screen.query_one(OptionList).option_count == 6

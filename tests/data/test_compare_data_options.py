"""Data options through the compare command: what is attacked, what the run stores, and that it resumes."""

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from tests.data.data_files import (
    colour,
    write_cifar10,
    write_cifar10_train,
    write_cifar100,
    write_folders,
)
from tests.linear_models import ARCH, Files, as_uint8
from tests.places import SAMPLE_MODELS
from thinice_tui.commands.app import app
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.read_sample import read_image
from thinice_tui.runfile.reader import read_run

RUN = Path("a.thinice")


def compare(files: Files, *options: str) -> dict[str, object]:
    """The JSON report, with its samples."""
    words = ["compare", str(files.dense), str(files.pruned), "--arch", ARCH, "--attack", "pgd-1", "--report"]
    words += ["--run", str(RUN), "--format", "json", "--samples-in-report", *options]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.stderr
    report: dict[str, object] = json.loads(result.stdout)
    return report


def indices(report: dict[str, object]) -> list[int]:
    samples = report["samples"]
    assert isinstance(samples, list)
    return [sample["index"] for sample in samples]


def test_a_folder_with_every_option(files: Files) -> None:
    images, labels = as_uint8(files.task.images), files.task.labels
    write_folders(Path("d"), {f"class-{9 - label}": images[labels == label] for label in range(5)})
    Path("map.csv").write_text("".join(f"class-{9 - label},{label}\n" for label in range(5)))
    Path("list.txt").write_text("40\n3\n17\n25\n9\n30\n")
    options = ["--data", "folder:d", "--class-map", "map.csv", "--crop", "8"]
    options += ["--indices", "list.txt", "--classes", "0,1,2,3", "--shuffle", "5", "--samples", "3"]
    report = compare(files, *options)
    found = indices(report)
    assert len(found) == 3 and set(found) < {40, 3, 17, 25, 9, 30}
    data = report["run"]["data"]  # type: ignore[index]
    assert data["source"] == (
        "folder:d, cropped to the central 8 × 8, as RGB, labels from map.csv, the 6 of list.txt, classes 0,1,2,3, "
        "shuffled with seed 5, the first 3"
    )
    order = np.concatenate([np.flatnonzero(labels == label) for label in (4, 3, 2, 1, 0)])  # class-5, class-6, …
    run = read_run(RUN)
    assert run.labels.tolist() == labels[order[found]].tolist()
    for position, index in enumerate(found):
        assert np.array_equal(read_image(RUN, position), images[order[index]])
    assert compare(files, *options) == report, "the same command is the same run"


def test_the_stored_request_asks_for_the_same_run(files: Files) -> None:
    """The interface resumes a run from the request in its file."""
    report = compare(
        files, "--data", str(files.data), "--classes", "class 1,class 3", "--shuffle", "1", "--samples", "7"
    )
    run = read_run(RUN)
    stored = Request.from_dict(run.info.request or {})
    assert stored.data_options.classes == "class 1,class 3" and stored.data_options.shuffle == 1
    words = stored.command()[1:]
    result = CliRunner().invoke(app, [*words, "--report", "--format", "json", "--samples-in-report"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == report


def test_samples_of_a_report_are_selected_in_another_run(files: Files) -> None:
    """The JSON report is a valid list of indices, as are the interface's exports."""
    first = compare(files, "--data", str(files.data), "--shuffle", "2", "--samples", "9")
    Path("report.json").write_text(json.dumps(first))
    RUN.unlink()
    second = compare(files, "--data", str(files.data), "--indices", "report.json")
    assert indices(second) == indices(first)
    assert second["samples"] == first["samples"]


def test_a_run_stores_the_selected_images(files: Files) -> None:
    compare(files, "--data", str(files.data), "--shuffle", "2", "--samples", "9")
    run = read_run(RUN)
    images = as_uint8(files.task.images)
    for position, index in enumerate(run.indices.tolist()):
        assert np.array_equal(read_image(RUN, position), images[index])


def test_training_images_of_cifar10_are_selected_by_index(tmp_path: Path) -> None:
    """Index 7 of the training split is the eighth image of its own files, not of the test split."""
    train, test = colour(12), colour(6)
    write_cifar10(tmp_path / "c", test, [0] * 6)
    write_cifar10_train(tmp_path / "c", train, [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])
    models = [str(SAMPLE_MODELS / name) for name in ("dense.pt", "pruned.pt")]
    Path("list.txt").write_text("7\n11\n")
    words = ["compare", *models, "--attack", "pgd-1", "--report", "--format", "json", "--samples-in-report"]
    words += ["--run", "a.thinice", "--indices", "list.txt", "--data"]
    done = CliRunner().invoke(app, [*words, "cifar10:c#train"])
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert [(sample["index"], sample["label"]) for sample in report["samples"]] == [(7, 6), (11, 8)]
    assert report["run"]["data"]["source"] == "cifar10:c, the train split, the 2 of list.txt"
    assert np.array_equal(read_image(Path("a.thinice"), 0), train[7])
    refused = CliRunner().invoke(app, [*words, "cifar10:c"])
    assert refused.exit_code == 1 and "names 2 indices that are not in cifar10:c: 7, 11" in refused.stderr


def test_a_model_with_other_outputs_gets_a_hint_to_the_other_labels(tmp_path: Path) -> None:
    write_cifar100(tmp_path / "c", colour(3), fine=[4, 3, 7], coarse=[1, 9, 0])
    for spec, classes, remedy in (
        ("cifar100:c", 100, "its 20 coarse labels are read with #labels=coarse"),
        ("cifar100:c#labels=coarse", 20, "its 100 fine labels are read with #labels=fine"),
    ):
        words = ["compare", str(SAMPLE_MODELS / "dense.pt"), str(SAMPLE_MODELS / "pruned.pt"), "--data", spec]
        refused = CliRunner().invoke(app, [*words, "--report"])
        said = " ".join(refused.stderr.split())
        assert refused.exit_code == 1 and f"has {classes} classes, but" in said and remedy in said

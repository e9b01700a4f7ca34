"""Runs the real command on small convolutional networks, with every pair of option values at least once.

Such a test is needed: `--norm L2` once failed on every colour model while all other tests passed, because none of them
ran the command with one.
"""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.end_to_end.small_networks import KINDS, SmallFiles, write_small_files
from thinice_tui.analysis.distances import has_distances
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.runfile.read_sample import read_adversarial, read_image
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run

OPTIONS: dict[str, tuple[str, ...]] = {
    "norm": ("Linf", "L2", "L1"),
    "precision": ("fp32", "bf16"),
    "attack": ("quick", "fast", "standard", "plus", "pgd-3", "apgd-t:steps=3,square:queries=20"),
    "channels": ("1", "3"),
    "kind": KINDS,
    "distances": ("", "--distances"),
    "keep-images": ("flips", "all", "none"),
    "format": ("text", "json"),
}
EPS = {"Linf": "1.5/255", "L2": "0.04", "L1": "0.25"}
SAMPLES = 4
MOST = 40
"""The most subprocesses that this test may start."""
Case = tuple[str, ...]


def covering(options: dict[str, tuple[str, ...]]) -> list[Case]:
    """A small set of cases that holds every pair of values of two options; each case adds the most new pairs."""
    numbered = list(itertools.combinations(range(len(options)), 2))
    every = list(itertools.product(*options.values()))
    left = {(i, case[i], j, case[j]) for case in every for i, j in numbered}
    chosen = []
    while left:
        best = max(every, key=lambda case: sum((i, case[i], j, case[j]) in left for i, j in numbered))
        left -= {(i, best[i], j, best[j]) for i, j in numbered}
        chosen.append(best)
    return chosen


CASES = covering(OPTIONS)


def test_the_cases_hold_every_pair_of_values() -> None:
    assert len(CASES) <= MOST
    for one, other in itertools.combinations(OPTIONS, 2):
        places = list(OPTIONS).index(one), list(OPTIONS).index(other)
        found = {(case[places[0]], case[places[1]]) for case in CASES}
        assert found == set(itertools.product(OPTIONS[one], OPTIONS[other])), (one, other)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], SmallFiles]:
    """The files for each kind of model and number of channels."""
    found = {}
    for kind, channels in itertools.product(OPTIONS["kind"], OPTIONS["channels"]):
        folder = tmp_path_factory.mktemp("small")
        found[kind, channels] = write_small_files(folder, kind, int(channels))
    return found


@pytest.fixture(scope="module")
def done(
    folders: dict[tuple[str, str], SmallFiles], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Case, tuple[Path, Future[subprocess.CompletedProcess[str]]]]]:
    """The run file of each case and its command, two at a time: each computes in one thread."""
    with ThreadPoolExecutor(2) as pool:
        runs = {case: tmp_path_factory.mktemp("run") / "a.thinice" for case in CASES}
        yield {case: (run, pool.submit(compared, case, folders, run)) for case, run in runs.items()}


def compared(case: Case, folders: dict[tuple[str, str], SmallFiles], run: Path) -> subprocess.CompletedProcess[str]:
    """Run the program with these options."""
    chosen = dict(zip(OPTIONS, case, strict=True))
    files = folders[chosen["kind"], chosen["channels"]]
    by_name = "--stages" if ":" in chosen["attack"] else "--attack"
    words = [by_name, chosen["attack"], "--norm", chosen["norm"], "--eps", EPS[chosen["norm"]]]
    words += ["--precision", chosen["precision"], "--keep-images", chosen["keep-images"]]
    words += [chosen["distances"]] if chosen["distances"] else []
    command = [
        sys.executable,
        "-m",
        "thinice_tui",
        "compare",
        "dense.pt",
        "pruned.pt",
        *files.options,
        *words,
    ]
    command += ["--samples", str(SAMPLES), "--run", str(run), "--report", "--format", chosen["format"]]
    return subprocess.run(
        command,
        cwd=files.folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(filter(None, case)).replace("--", ""))
def test_a_whole_run_of_these_options(
    case: Case,
    folders: dict[tuple[str, str], SmallFiles],
    done: dict[Case, tuple[Path, Future[subprocess.CompletedProcess[str]]]],
) -> None:
    chosen = dict(zip(OPTIONS, case, strict=True))
    files = folders[chosen["kind"], chosen["channels"]]
    run, ending = done[case]
    ended = ending.result()
    assert ended.returncode == 0, f"{' '.join(ended.args[3:])}\n{ended.stderr}"
    found = read_run(run)
    assert found.complete and has_distances(found) == bool(chosen["distances"])
    standing = [(model.broken_by < 0) & (model.clean_prediction == found.labels) for model in found.models]
    assert 0 < standing[0].sum() < SAMPLES, "some samples stay robust, so that every stage had something to attack"
    check_report(ended.stdout, chosen["format"], found)
    check_verdicts(found, files, chosen["norm"], chosen["keep-images"])


def check_report(report: str, form: str, run: Run) -> None:
    if form == "text":
        assert "Samples on thin ice" in report and "PARTIAL" not in report
        return
    told = json.loads(report)
    assert told["run"]["complete"] and sum(told["comparisons"][0]["sets"].values()) == SAMPLES
    assert [stage["name"] for stage in told["models"][0]["stages"]] == [stage.name for stage in run.models[0].stages]


def check_verdicts(run: Run, files: SmallFiles, norm: str, keep: str) -> None:
    """Check the clean predictions and every kept adversarial image with the networks themselves."""
    path = Path(run.path)
    eps = {"Linf": 1.5 / 255, "L2": 0.04, "L1": 0.25}[norm]
    for number, model in enumerate(run.models):
        network = files.networks[Path(model.record.path).name]
        assert model.clean_prediction.tolist() == said(network, files.images[:SAMPLES])
        for position in range(SAMPLES):
            image = read_adversarial(path, number, position)
            broken = model.broken_by[position] >= 0
            assert (image is not None) <= bool(broken) and not (keep == "none" and image is not None)
            assert keep != "all" or (image is not None) == broken
            if image is not None:
                delta = image.astype(np.float64) - as_floats(read_image(path, position))
                far = np.linalg.norm(delta.ravel(), {"Linf": np.inf, "L2": 2, "L1": 1}[norm])
                assert far <= eps + 1e-6 and image.min() >= 0 and image.max() <= 1
                assert said(network, image[None])[0] != run.labels[position]


def said(network: nn.Module, images: np.ndarray) -> list[int]:
    with torch.no_grad():
        found: list[int] = network(torch.from_numpy(np.ascontiguousarray(images))).argmax(dim=1).tolist()
    return found

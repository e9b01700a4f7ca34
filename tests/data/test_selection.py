"""Samples are selected by indices, classes, shuffle and number; each keeps its original index."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.data.samples import Samples
from thinice_tui.data.selection import read_indices, select, shuffled_keys
from thinice_tui.errors import DataError, ThiniceError, UsageError
from thinice_tui.protocol.data_options import DataOptions

N = 30
IMAGES = np.arange(N, dtype=np.uint8)[:, None, None, None].repeat(3, 1).repeat(4, 2).repeat(4, 3)
SAMPLES = Samples(IMAGES, np.arange(N) % 3, np.arange(N, dtype=np.int64) * 2 + 100, ("cat", "dog", "Eel"), "made")


def chosen(count: int | None = None, **options: object) -> Samples:
    """The selection, with a check that images, labels and indices still belong together."""
    samples = select(SAMPLES, DataOptions(**options), count)  # type: ignore[arg-type]
    rows = (samples.indices - 100) // 2
    assert np.array_equal(samples.images[:], IMAGES[rows]) and np.array_equal(samples.labels, rows % 3)
    assert samples.images.shape == (len(rows), 3, 4, 4)
    return samples


def test_without_options_all_samples_are_selected() -> None:
    assert select(SAMPLES, DataOptions(), None) is SAMPLES


@pytest.mark.parametrize("typed", ["dog", "1", " DOG ", "dog,dog", "01"])
def test_one_class_by_name_or_number(typed: str) -> None:
    assert chosen(classes=typed).indices.tolist() == [100 + 2 * row for row in range(1, N, 3)]


def test_all_options_together_apply_in_their_order(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("158\n100\n104\n102\n106\n")
    assert chosen(indices=listed).indices.tolist() == [158, 100, 104, 102, 106]
    assert chosen(2, indices=listed).indices.tolist() == [158, 100]
    assert chosen(indices=listed, classes="cat,eel").indices.tolist() == [158, 100, 104, 106]
    found = chosen(3, classes="cat,dog", indices=_write(tmp_path, "158 100 102 104 106 108"), shuffle=7)
    assert len(found) == 3 and set(found.indices.tolist()) < {100, 102, 106, 108}
    assert found.source == f"made, the 6 of {tmp_path}/a, classes cat,dog, shuffled with seed 7, the first 3"


def _write(folder: Path, content: str) -> Path:
    (folder / "a").write_text(content)
    return folder / "a"


@given(st.integers(0, 2**63 - 1), st.integers(1, N))
def test_a_shuffle_is_a_permutation_that_depends_on_the_seed_alone(seed: int, count: int) -> None:
    whole = chosen(shuffle=seed).indices
    assert sorted(whole.tolist()) == SAMPLES.indices.tolist()
    assert np.array_equal(chosen(count, shuffle=seed).indices, whole[:count])
    dogs = chosen(classes="dog", shuffle=seed).indices
    assert np.array_equal(dogs, whole[np.isin(whole, dogs)]), "what else was selected changes no order"


def test_the_order_of_a_seed_never_changes() -> None:
    assert chosen(6, shuffle=0).indices.tolist() == [100, 118, 136, 134, 156, 108]
    assert len(np.unique(shuffled_keys(np.arange(10_000), 3))) == 10_000


def test_every_index_is_equally_often_in_a_random_subset() -> None:
    """Over 100 seeds, each index is in the first third about a third of the time."""
    indices = np.arange(300, dtype=np.int64)
    ranks = np.array([np.argsort(np.argsort(shuffled_keys(indices, seed))) for seed in range(100)])
    first = (ranks < 100).sum(axis=0)
    assert first.min() > 10 and first.max() < 58 and first.sum() == 100 * 100


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("3\n1\n2\n", [3, 1, 2]),
        ("# of the last round\n3 1\n\n2 # and that\n", [3, 1, 2]),
        ("3,1,2", [3, 1, 2]),
        ("sample\n3\n1\n2\n", [3, 1, 2]),
        ('label,index,"set"\n"a, b",3,S10\nc,1,S10\nd,2,S11\n', [3, 1, 2]),
        ("[3, 1, 2]", [3, 1, 2]),
        ('{"samples": [{"index": 3, "label": 0}, {"index": 1}, {"index": 2}]}', [3, 1, 2]),
        ('{"run": "a", "samples": [{"sample": 3}, {"sample": 1}, {"sample": 2}]}', [3, 1, 2]),
        ('{"indices": [3, 1, 2]}', [3, 1, 2]),
    ],
)
def test_every_form_of_a_list_of_indices_is_read(tmp_path: Path, written: str, found: list[int]) -> None:
    assert read_indices(_write(tmp_path, written)).tolist() == found


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "is empty"),
        ("# nothing\n", "names no indices"),
        ("1.5", "is no list of indices"),
        ("-1", "whole numbers from 0"),
        ("[true]", "whole numbers from 0"),
        ("[1e3]", "whole numbers from 0"),
        ("99999999999999999999", "whole numbers from 0"),
        ("one", "is no list of indices"),
        ('{"a": [1]}', "no list of `samples`"),
        ('[{"label": 1}]', "an entry without"),
        ("a,sample\n1\n", "is no list of indices"),
        ("[" * 100_000, "is no list of indices"),
        ("<!doctype html>", "is a web page"),
    ],
)
def test_invalid_lists_of_indices_are_refused(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_indices(_write(tmp_path, written))


@pytest.mark.parametrize(
    ("options", "count", "error", "message"),
    [
        ({"classes": "bird"}, None, UsageError, "no samples of 'bird'"),
        ({"classes": "cat,7"}, None, UsageError, "no samples of '7'"),
        ({"classes": ""}, None, UsageError, "no samples of ''"),
        ({"classes": "cat"}, 11, DataError, "--samples 11: made, classes cat holds 10 samples"),
        ({"indices": "100 102 100"}, None, DataError, "names 100 more than once"),
        ({"indices": "100 101 0 99999"}, None, DataError, "names 3 indices that are not in made: 101, 0, 99999"),
    ],
)
def test_absent_classes_indices_and_samples_are_refused(
    tmp_path: Path, options: dict[str, str], count: int | None, error: type[ThiniceError], message: str
) -> None:
    given = {key: _write(tmp_path, value) if key == "indices" else value for key, value in options.items()}
    with pytest.raises(error, match=message) as caught:
        chosen(count, **given)
    assert caught.value.do

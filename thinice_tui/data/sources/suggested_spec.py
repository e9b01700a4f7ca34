"""Which spec reads the folder of a published data set that was given as a plain path."""

from pathlib import Path

from thinice_tui.data.sources.idx import STEMS, find_idx

TEST_FILES = (
    ("cifar10", ("test_batch", "cifar-10-batches-py/test_batch")),
    ("cifar100", ("test", "cifar-100-python/test")),
    ("svhn", ("test_32x32.mat",)),
)
"""Files of the test splits of published data sets, by where they are in the folder."""
IDX_FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}


def suggested_spec(folder: Path) -> str:
    """What to write for a folder with the files of a published data set; empty: it has none of them."""
    for kind, files in TEST_FILES:
        for file in files:
            if (folder / file).is_file():
                return f"{file} is a file of a published data set: write {kind}:{folder}"
    for split, stem in STEMS.items():
        mark = "" if split == "test" else f"#{split}"
        found = {kind: find_idx(folder, name, f"{stem}-images", "idx3") for kind, name in IDX_FOLDERS.items()}
        if specs := [f"{kind}:{folder}{mark}" for kind, path in found.items() if path]:
            return f"it has idx files, as MNIST does: write {' or '.join(specs)}"
    return ""

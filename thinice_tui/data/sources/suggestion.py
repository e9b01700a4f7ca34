"""Which spec reads a folder or file of a published data set that was given without one."""

from pathlib import Path

from thinice_tui.data.sources.idx import STEMS, find_idx

PLACES = (
    ("cifar10", ("test_batch", "cifar-10-batches-py/test_batch")),
    ("cifar100", ("test", "cifar-100-python/test")),
    ("svhn", ("test_32x32.mat",)),
)
"""Where a published data set's test split lies in its folder."""
MNIST_LIKE = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}


def suggestion(folder: Path) -> str:
    """What to write for a folder whose files are those of a published data set; empty where they are not."""
    for kind, files in PLACES:
        for file in files:
            if (folder / file).is_file():
                return f"{file} is a file of a published data set: write {kind}:{folder}"
    for split, stem in STEMS.items():
        mark = "" if split == "test" else f"#{split}"
        found = {kind: find_idx(folder, name, f"{stem}-images", "idx3") for kind, name in MNIST_LIKE.items()}
        if specs := [f"{kind}:{folder}{mark}" for kind, path in found.items() if path]:
            return f"it has idx files, as MNIST does: write {' or '.join(specs)}"
    return ""

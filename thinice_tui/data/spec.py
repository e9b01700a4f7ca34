"""A data spec, as typed after --data or stored in a checkpoint, to samples."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.data.array_keys import Stored, samples_of
from thinice_tui.data.decoding import Geometry
from thinice_tui.data.layout import LAYOUTS, wrap_tables
from thinice_tui.data.samples import Samples
from thinice_tui.data.sources.cifar import read_cifar10, read_cifar100
from thinice_tui.data.sources.cifar_c import read_cifar10_c
from thinice_tui.data.sources.folder import read_folder
from thinice_tui.data.sources.idx import read_fashion_mnist, read_mnist
from thinice_tui.data.sources.npy_pair import read_npy_pair
from thinice_tui.data.sources.npz import read_npz
from thinice_tui.data.sources.parquet import read_parquet
from thinice_tui.data.sources.pt import read_pt
from thinice_tui.data.sources.safetensors import read_safetensors
from thinice_tui.data.sources.suggestion import suggestion
from thinice_tui.data.sources.svhn import read_svhn
from thinice_tui.errors import DataError, UsageError
from thinice_tui.protocol.request import DataOptions
from thinice_tui.safe_io.paths import expanded

SPLITS = {
    "cifar10": ("test", "train"),
    "cifar100": ("test", "train"),
    "svhn": ("test", "train", "extra"),
    "mnist": ("test", "train"),
    "fashion-mnist": ("test", "train"),
}
"""Of each published data set, the default first."""
ALL_SPLITS = ("test", "train", "extra")
KINDS = (*SPLITS, "cifar10-c", "folder")
SUFFIXES = (".npz", ".npy", ".pt", ".pth", ".safetensors", ".parquet")
EXPECTED = (
    "expected cifar10:DIR, cifar100:DIR, svhn:DIR, mnist:DIR, fashion-mnist:DIR, cifar10-c:DIR/CORRUPTION@SEVERITY, "
    "folder:DIR, or FILE.npz, IMAGES.npy,LABELS.npy, FILE.pt, FILE.safetensors or FILE.parquet"
)


@dataclass(frozen=True)
class _Spec:
    """A spec in its parts."""

    whole: str
    """All of it, for messages."""
    place: str
    """What is before the #: KIND:DIR or a file."""
    named: dict[str, str]
    """What is named after it: images, labels, layout, channels."""
    split: str
    """test, train or extra; empty: not named."""

    @property
    def kind(self) -> str:
        """The word before the colon, where it is one of KINDS; else empty."""
        kind, colon, _ = self.place.partition(":")
        return kind if colon and kind in KINDS else ""

    @property
    def path(self) -> Path:
        return expanded(self.place.partition(":")[2] if self.kind else self.place)

    def allow(self, *keys: str) -> None:
        """Raise UsageError where anything but these is named after the #."""
        if wrong := next((key for key in self.named if key not in keys), ""):
            takes = f"after # it takes {', '.join(f'{key}=…' for key in keys)}" if keys else "it takes nothing after #"
            raise UsageError(f"--data {self.whole}: names {wrong}", f"leave it out: {takes}")
        splits = SPLITS.get(self.kind, ())
        if self.split and self.split not in splits:
            there = f"expected one of {', '.join(splits)}" if splits else f"leave out #{self.split}"
            better = f": for a folder in it write folder:{self.path / self.split}" if self.kind == "folder" else ""
            raise UsageError(f"--data {self.whole}: has no split {self.split!r}", there + better)


def read_samples(
    spec: str,
    options: DataOptions = DataOptions(),  # noqa: B008  # frozen
    known: Sequence[str] = (),
) -> Samples:
    """All samples that `spec` names, checked as far as they are read; raises DataError or UsageError.

    After a file's name, `#images=KEY,labels=KEY` says which of its arrays are meant where their names do not, and
    `#layout=NHWC` which axis holds the channels; after a folder's, `#train` the split, `#labels=coarse` CIFAR-100's
    labels, and `#channels=1` reads grey images. Of the options, those for image files are heeded here. known: class
    names in the order of the model's outputs, which say the numbers of classes that the data only name.
    """
    samples = _read(_parsed(spec), options, known)
    if len(samples) == 0:
        raise DataError(f"{spec}: holds no samples")
    return samples


def _read(spec: _Spec, options: DataOptions, known: Sequence[str]) -> Samples:
    kind, path = spec.kind, spec.path
    geometry = Geometry(options.resize, options.crop, _channels(spec.named.get("channels", "3")))
    if kind != "folder" and options.class_map is not None:
        raise UsageError(
            f"--class-map is for folders of images, --data is {spec.whole}", "write folder:DIR, or leave it out"
        )
    if kind == "folder":
        spec.allow("channels")
        return read_folder(path, geometry, options.class_map, known)
    if not kind and path.suffix == ".parquet":
        spec.allow("images", "labels", "channels")
        return samples_of(read_parquet(path, spec.named, geometry), known=known)
    if (options.resize, options.crop) != (None, None):
        raise UsageError(f"--resize and --crop are for image files, --data is {spec.whole}", "leave them out")
    if kind:
        return _read_published(spec)
    spec.allow(*(("layout",) if path.suffix == ".npy" else ("images", "labels", "layout")))
    return samples_of(_read_arrays(spec), spec.named.get("layout", ""), known)


def _read_published(spec: _Spec) -> Samples:
    """A data set in its authors' layout."""
    spec.allow(*(("labels",) if spec.kind == "cifar100" else ()))
    split = spec.split or "test"
    if spec.kind == "cifar10":
        return read_cifar10(spec.path, split)
    if spec.kind == "cifar100":
        return read_cifar100(spec.path, split, spec.named.get("labels"))
    if spec.kind == "svhn":
        return read_svhn(spec.path, split)
    if spec.kind == "cifar10-c":
        return read_cifar10_c(spec.place.partition(":")[2])
    return read_mnist(spec.path, split) if spec.kind == "mnist" else read_fashion_mnist(spec.path, split)


def _read_arrays(spec: _Spec) -> Stored:
    """Images and labels as arrays in a file, or in a file each."""
    path = spec.path
    if path.suffix == ".npy":
        images, comma, labels = spec.place.partition(".npy,")
        pair = (f"{images}.npy", labels) if comma else (spec.place, "")
        return read_npy_pair(expanded(pair[0]), expanded(pair[1]) if comma else None)
    if path.suffix == ".npz":
        return read_npz(path, spec.named)
    if path.suffix in (".pt", ".pth"):
        return read_pt(path, spec.named)
    if path.suffix == ".safetensors":
        return read_safetensors(path, spec.named)
    raise UsageError(f"--data is {spec.whole!r}, {EXPECTED}", _hint(path, spec.whole))


def _hint(path: Path, spec: str) -> str:
    """What else may be meant by a path that is none of a known kind of file."""
    if spec and path.is_dir():
        return suggestion(path) or f"for a folder a class, write folder:{spec}"
    if path.suffix in (".csv", ".tsv"):
        return f"a table is read from a FILE.npz: {wrap_tables()}"
    if path.is_file() and (found := suggestion(path.parent)):
        return found
    return "README's table says what each is"


def stored_spec(about: dict[str, object], checkpoint: Path) -> str:
    """The data spec that a checkpoint names, its files looked up beside the checkpoint."""
    stored = about.get("dataset")
    if not isinstance(stored, str) or not stored:
        raise UsageError(f"{checkpoint} names no data set", f"give one with --data: {EXPECTED}")
    kind, colon, rest = stored.partition(":")
    if colon and kind in KINDS:
        return f"{kind}:{checkpoint.parent / rest}"
    images, comma, labels = stored.partition(".npy,")
    if comma:
        return f"{checkpoint.parent / images}.npy,{checkpoint.parent / labels}"
    return str(checkpoint.parent / stored)


def _parsed(spec: str) -> _Spec:
    """The spec in its parts; what is after its last # is one where it is a list of splits and name=value."""
    place, mark, tail = spec.rpartition("#")
    part = rf"({'|'.join(ALL_SPLITS)}|[a-z_]+=[^,=]+)"
    if not mark or not re.fullmatch(rf"{part}(,{part})*", tail):
        return _Spec(spec, spec, {}, "")
    named: dict[str, str] = {}
    split = ""
    for word in tail.split(","):
        key, equals, value = word.partition("=")
        if not equals:
            split = word
        else:
            named[key] = value
    if wrong := sorted(named.keys() - {"images", "labels", "layout", "channels"}):
        raise UsageError(
            f"--data {spec}: names {', '.join(wrong)}",
            "after # come images=KEY, labels=KEY, layout=NHWC, channels=1, or a split as train",
        )
    if named.get("layout", "NCHW") not in LAYOUTS:
        raise UsageError(f"--data {spec}: layout={named['layout']}", f"expected layout={' or layout='.join(LAYOUTS)}")
    return _Spec(spec, place, named, split)


def _channels(typed: str) -> int:
    if typed not in ("1", "3"):
        raise UsageError(f"#channels={typed}", "expected channels=1 (grey) or channels=3 (RGB)")
    return int(typed)

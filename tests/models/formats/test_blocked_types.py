"""Types that torch does not read without running code are explained, with the way out."""

from pathlib import Path

import pytest
import torch

from tests.refused_files import rezipped
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.blocked_types import explained
from thinice_tui.models.load import load_model


@pytest.mark.parametrize(
    ("name", "what", "do"),
    [
        ("torch.sparse.semi_structured.SparseSemiStructuredTensorCUTLASS", "semi-structured sparse", "to_dense()"),
        ("torch.ao.nn.quantized.modules.conv.Conv2d", "a quantised module", "before it was quantised"),
        ("torch.nn.intrinsic.quantized.modules.conv_relu.ConvReLU2d", "a quantised module", "before"),
        ("torchao.dtypes.affine_quantized_tensor.AffineQuantizedTensor", "quantised weights", "weight.float() × scale"),
        ("bitsandbytes.nn.modules.Params4bit", "quantised weights", "dequantise"),
        ("torch.distributed.tensor.DTensor", "distributed weights", "full_tensor"),
        ("torch.float4_e2m1fn_x2", "numbers of a type that this torch does not read", "float32"),
    ],
)  # fmt: skip
def test_known_types_have_a_way_out(name: str, what: str, do: str) -> None:
    found = explained(name)
    assert found is not None and what in found[0] and do in found[1]


@pytest.mark.parametrize("name", ["os.system", "torch.nn.modules.conv.Conv2d", "mymodels.Net", "torch.load"])
def test_other_types_are_not_explained(name: str) -> None:
    assert explained(name) is None


def test_a_number_type_of_another_torch_is_named_in_the_message(tmp_path: Path) -> None:
    """The pickle of a float8 tensor, with the name of a type that does not exist (yet)."""
    torch.save({"conv1.weight": torch.zeros(4, 4).to(torch.float8_e5m2)}, tmp_path / "a.pt")
    rezipped(tmp_path / "a.pt", lambda _, content: content.replace(b"float8_e5m2\n", b"float6_e3m2\n"))
    with pytest.raises(CheckpointError) as caught:
        load_model(tmp_path / "a.pt")
    assert "numbers of a type that this torch does not read (torch.float6_e3m2)" in caught.value.what
    assert "again" not in caught.value.do


def test_semi_structured_tensors_are_named_in_the_message(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(4, 4), "by": torch.nn.ReLU()}, tmp_path / "a.pt")
    name = b"ctorch.sparse.semi_structured\nSparseSemiStructuredTensorCUTLASS\n"
    rezipped(tmp_path / "a.pt", lambda _, content: content.replace(b"ctorch.nn.modules.activation\nReLU\n", name))
    with pytest.raises(CheckpointError, match=r"holds semi-structured sparse .* \(torch\.sparse\.semi") as caught:
        load_model(tmp_path / "a.pt")
    assert "to_dense()" in caught.value.do

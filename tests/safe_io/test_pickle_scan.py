"""What a pickle imports and claims is found without importing or running it."""

import io
import pickle

import pytest

from tests.refused_files import EXECUTED, RunsCode
from thinice_tui.safe_io.pickle_scan import PickleScan, python3_name, scan_pickle


def test_imports_are_named_in_their_order_and_nothing_runs() -> None:
    content = pickle.dumps([complex(1, 2), RunsCode(), complex(3, 4)])
    found = scan_pickle(io.BytesIO(content))
    assert found.imports == ("builtins.complex", "posix.system") and found.storages == ()
    assert not EXECUTED.exists()


def test_the_stream_is_then_at_the_next_pickle() -> None:
    stream = io.BytesIO(pickle.dumps(1) + pickle.dumps(RunsCode()))
    assert scan_pickle(stream).imports == ()
    assert scan_pickle(stream).imports == ("posix.system",)


@pytest.mark.parametrize("content", [b"", b"\x80\x02", b"nonsense", b"\x80\x02K\x01r\xff\xff\xff\xff"])
def test_what_is_no_whole_pickle_is_an_error(content: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError):
        scan_pickle(io.BytesIO(content))


@pytest.mark.parametrize(
    ("imports", "refused"),
    [
        ((), ""),
        (("torch._utils._rebuild_tensor_v2", "torch.FloatStorage", "os.system"), "os.system"),
        (("collections.OrderedDict", "torch.float32", "torch.nn.modules.conv.Conv2d"), "torch.nn.modules.conv.Conv2d"),
        (("torch._utils._rebuild_tensor_v2", "torch.FloatStorage", "torch.bfloat16", "builtins.set"), ""),
        (("torch._utils._rebuild_tensor_v3", "torch.float4_e2m1fn_x2"), "torch.float4_e2m1fn_x2"),
    ],
)
def test_the_first_import_that_tensors_do_not_need_is_refused(imports: tuple[str, ...], refused: str) -> None:
    assert PickleScan(imports, ()).refused(["collections.OrderedDict"]) == refused


def test_names_of_python_2_are_those_of_python_3() -> None:
    assert scan_pickle(io.BytesIO(pickle.dumps({1, 2}, 2))).imports == ("builtins.set",)
    assert python3_name("copy_reg", "_reconstructor") == ("copyreg", "_reconstructor")


def test_the_class_of_an_old_module_is_found_in_its_reference() -> None:
    """torch before 1.6 refers to a module's class by ('module', class, file, source)."""
    content = b"\x80\x02(U\x06modulectorch.nn\nReLU\nU\x01aU\x01btQ)\x81."
    assert scan_pickle(io.BytesIO(content)).imports == ("torch.nn.ReLU",)


def test_a_message_names_three_imports() -> None:
    assert PickleScan(("a.b", "c.d", "e.f", "g.h"), ()).named() == "a.b, c.d, e.f, …"

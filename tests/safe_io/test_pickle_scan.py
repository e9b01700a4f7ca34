"""What a pickle imports and claims is found without importing or running it."""

import io
import pickle

import pytest

from tests.refused_files import EXECUTED, RunsCode
from thinice_tui.safe_io.pickle_scan import PickleScan, scan_pickle


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
        (("torch.FloatStorage",), "torch.FloatStorage"),
    ],
)
def test_the_first_import_that_tensors_do_not_need_is_refused(imports: tuple[str, ...], refused: str) -> None:
    assert PickleScan(imports, ()).refused(["collections.OrderedDict"]) == refused


def test_a_message_names_three_imports() -> None:
    assert PickleScan(("a.b", "c.d", "e.f", "g.h"), ()).named() == "a.b, c.d, e.f, …"

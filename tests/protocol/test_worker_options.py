"""Options of where a run is computed: read, stored, written again."""

import pytest

from thinice_tui.errors import UsageError
from thinice_tui.protocol.worker_options import WorkerOptions


@pytest.mark.parametrize(
    "options",
    [
        WorkerOptions(),
        WorkerOptions(devices=("cuda:0", "cuda:1")),
        WorkerOptions(workers=4),
        WorkerOptions(devices=("all",), ray="10.0.0.1:6379"),
    ],
)
def test_options_come_back_as_they_were(options: WorkerOptions) -> None:
    assert WorkerOptions.from_dict(options.as_dict()) == options
    words = options.arguments()
    given = dict(zip(words[::2], words[1::2], strict=True))
    count = given.get("--workers")
    again = WorkerOptions.build(
        given.get("--devices"), None if count is None else int(count), given.get("--ray"), "auto"
    )
    assert again == options and options.many is bool(words)


@pytest.mark.parametrize(
    ("devices", "workers", "ray", "device", "said"),
    [
        ("cuda:0,,cuda:1", None, None, "auto", "separated by commas"),
        ("cuda:0,cuda:0", None, None, "auto", "names a device twice"),
        ("all,cpu", None, None, "auto", "all is every GPU"),
        ("cuda:0", 2, None, "auto", "say two things"),
        ("cuda:0", None, "auto", "auto", "name their own GPUs"),
        (None, None, " ", "auto", "expected HOST:PORT"),
        (None, None, "local", "auto", "expected HOST:PORT"),
        (None, None, "ray://10.0.0.1:10001", "auto", "expected HOST:PORT"),
        (None, 2, None, "cuda:1", "is for one device"),
        ("all", None, None, "cpu", "is for one device"),
    ],
)
def test_what_says_two_things_is_refused(
    devices: str | None, workers: int | None, ray: str | None, device: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        WorkerOptions.build(devices, workers, ray, device)


@pytest.mark.parametrize(
    "stored", [{}, {"devices": [1]}, {"devices": "cpu"}, {"devices": [], "workers": 0}, {"devices": [], "ray": 7}]
)
def test_a_damaged_file_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        WorkerOptions.from_dict(stored)


def test_models_are_checked_where_workers_compute() -> None:
    assert WorkerOptions(workers=2).first_device == "cpu"
    assert WorkerOptions(devices=("cuda:3", "cuda:1")).first_device == "cuda:3"
    assert WorkerOptions(devices=("all",)).first_device is None and WorkerOptions().first_device is None

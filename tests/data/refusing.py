"""What a file that is refused must not do, meanwhile."""

import resource
import time
from pathlib import Path

import pytest

from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError

EXECUTED = Path("executed")
"""What the payloads of the tests would create."""
ALLOWED_BYTES = 300 * 2**20
"""What reading a hostile file may add to the address space; none needs a tenth."""


def refuse(spec: str) -> DataError:
    """The message for `spec`: within a second, without running code, without allocating what it claims."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + ALLOWED_BYTES, before[1]))
    started = time.process_time()
    try:
        with pytest.raises(DataError) as caught:
            read_samples(spec).fingerprint  # noqa: B018
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert time.process_time() - started < 1
    assert not EXECUTED.exists()
    assert caught.value.what and caught.value.do
    return caught.value

"""Large blocks go back to the system when they are freed, where glibc is told so."""

import subprocess
import sys

import pytest

FREED = """
import numpy, psutil, sys
from thinice_tui.safe_io.allocator import set_thresholds

set_thresholds(int(sys.argv[1]), 1 << 30)
blocks = [numpy.ones(1 << 18) for _ in range(50)]  # 2 MiB each
held = psutil.Process().memory_info().rss
del blocks
print(held - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
@pytest.mark.parametrize(("mapped", "goes_back"), [(1 << 20, True), (1 << 25, False)])
def test_blocks_above_the_limit_go_back_to_the_system(mapped: int, goes_back: bool) -> None:
    command = [sys.executable, "-c", FREED, str(mapped)]
    freed = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert (freed > 90 << 20) == goes_back

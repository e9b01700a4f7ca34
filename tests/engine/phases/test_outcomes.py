"""The outcomes of a run while it is computed, from a small run file."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import Made
from thinice_tui.engine.phases.outcomes import batches

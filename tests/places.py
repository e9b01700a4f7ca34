"""Paths of the project and of the tests."""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SAMPLE_MODELS = ROOT / "sample_models"
LINEAR_MODELS = TESTS / "linear_models.py"
MISBEHAVING_MODELS = TESTS / "misbehaving_models.py"
PRINTING = f"{TESTS / 'printing.py'}:printing"

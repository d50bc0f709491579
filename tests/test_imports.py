"""Nothing heavy is imported before it is needed."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("bloodstudy.run", "tensorflow keras mlflow seaborn matplotlib sklearn"),
        ("bloodstudy.audit", "tensorflow keras mlflow seaborn matplotlib sklearn scipy cv2 pandas"),
        ("bloodstudy.data", "tensorflow keras mlflow"),
        ("bloodstudy.analysis", "tensorflow keras mlflow"),
        ("bloodstudy.reporting", "tensorflow keras mlflow"),
    ],
)
def test_nothing_heavy_is_imported_early(module, heavy):
    code = f"import sys, {module}; print([m for m in '{heavy}'.split() if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"

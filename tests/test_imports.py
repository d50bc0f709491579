"""Nothing heavy is imported before it is needed."""

import pytest
from harness import modules_loaded


@pytest.mark.parametrize(("module", "heavy"), [
    ("bloodstudy", "tensorflow keras mlflow pandas numpy hydra omegaconf yaml"),
    ("bloodstudy.run", "tensorflow keras mlflow seaborn matplotlib sklearn"),
    ("bloodstudy.audit", "tensorflow keras mlflow seaborn matplotlib sklearn scipy cv2 pandas"),
    ("bloodstudy.data", "tensorflow keras mlflow"),
    ("bloodstudy.analysis", "tensorflow keras mlflow"),
    ("bloodstudy.reporting", "tensorflow keras mlflow"),
])  # fmt: skip
def test_nothing_heavy_is_imported_early(module, heavy, tmp_path):
    assert modules_loaded(tmp_path, f"import {module}", heavy) == []

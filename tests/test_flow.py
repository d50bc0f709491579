"""The imports of the package follow the flow of data, and nothing heavy is imported before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bloodstudy"
STAGES = ["config", "design", "data", "model", "training", "tracking", "analysis", "reporting"]
EVERYWHERE = {"code", "errors", "files", "rules", "__version__"}
OWNERS = {
    "hydra": {"asking", "attempt", "compose", "cores", "overrides", "remote", "run", "report"},
    "omegaconf": {"compose", "cores", "attempt"},
    "mlflow": {"tracking"}, "seaborn": {"reporting"}, "keras": {"model", "training"}, "tensorflow": {"training"},
}  # fmt: skip


def modules():
    return sorted(file for file in PACKAGE.rglob("*.py") if "conf" not in file.parts)


def imported(file):
    """Yield the dotted names that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def stage_of(file):
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_stage_imports_only_what_stands_to_its_left(file):
    stage = stage_of(file)
    for name in imported(file):
        parts = name.split(".")
        owners = OWNERS.get(parts[0])
        assert owners is None or stage in owners, f"{parts[0]} belongs to {owners}"
        if parts[0] == "bloodstudy" and stage in STAGES and len(parts) > 1:
            allowed = EVERYWHERE | set(STAGES[: STAGES.index(stage) + 1])
            assert parts[1] in allowed, f"{stage} imports {name}"


def test_the_flow_test_reads_real_modules():
    assert len(modules()) > 20
    assert "bloodstudy.errors.UserError" in set(imported(PACKAGE / "config.py"))


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("bloodstudy.run", "tensorflow keras mlflow seaborn matplotlib sklearn"),
        ("bloodstudy.audit", "tensorflow keras mlflow seaborn matplotlib sklearn scipy cv2 pandas"),
        ("bloodstudy.analysis", "tensorflow keras mlflow"),
        ("bloodstudy.reporting", "tensorflow keras mlflow"),
    ],
)
def test_nothing_heavy_is_imported_early(module, heavy):
    code = f"import sys, {module}; print([m for m in '{heavy}'.split() if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"

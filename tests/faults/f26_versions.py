"""F26: going on with other code, another Keras or TensorFlow, or what another schema has written.

The other code is a copy of the package of which one comment differs. The other libraries stand in the records of the
first attempt, since a test installs none.
"""

import shutil
import signal
from pathlib import Path

import pytest
from harness import rewrite

from bloodstudy import PACKAGE
from bloodstudy.study.code_digest import code_digest
from bloodstudy.training.checkpoint import Checkpoint, Checkpoints, list_guards

KILLER = Path(__file__).parent / "killer"


@pytest.fixture
def other(tmp_path_factory):
    """The environment of commands that run other code: a copy with one more comment."""
    folder = tmp_path_factory.mktemp("other")
    for name in ("bloodstudy", "conf", "hydra_plugins"):
        shutil.copytree(PACKAGE.parent / name, folder / name)
    with (folder / "bloodstudy/model/blocks.py").open("a") as source:
        source.write("# another comment\n")
    return {"PYTHONPATH": f"{folder}:{KILLER}"}


def refuse(study, *more, **environment):
    """Type the command, which must be refused and leave all that was trained as it was; return what it says."""
    before = {path: path.read_bytes() for path in study.trials[0].iterdir()}
    code, said = study.run(*more, **environment)
    assert code == 2, said
    assert "Traceback" not in said
    assert {path: path.read_bytes() for path in study.trials[0].iterdir()} == before
    assert len(study.trials) == 1
    return said


def claim(study, **versions):
    """Write the saved states anew, as if other versions had trained them; return what they were."""
    before = {path: path.read_bytes() for path in study.generations}
    for epoch, guard in list_guards(study.trial):
        Checkpoints(study.trial, guard | versions).write(Checkpoint(epoch, [], {}))
    return before


def test_work_of_other_code_waits_for_that_code_and_is_mixed_only_if_somebody_allows_it(study, other):
    study.vary(epochs="4")
    code, said = study.run(BLOODSTUDY_FAULT="killgroup:after-rename:state-:2")
    assert code == -signal.SIGKILL, said
    assert len(study.newest_rows) == 2

    said = refuse(study, **other)
    assert f"1 of 1 trials were interrupted, and begun with code {code_digest()} (this is " in said
    for remedy in ("what began them goes on from there", "retry=all", "on_code_change=warn"):
        assert remedy in said
    for name, called in {"keras": "Keras", "tensorflow": "TensorFlow"}.items():
        kept = claim(study, **{name: "1.2.3"})
        assert f"begun with {called} 1.2.3 (this is " in refuse(study)
        for path, content in kept.items():
            path.write_bytes(content)

    assert "going on after epoch 2 of 4" in study.finish(), "the code that began it"
    assert study.result["code"] == code_digest()
    assert study.result["cost"]["attempts"] == 2

    study.vary(seed="0,1")
    said = refuse(study, "-m", **other)
    assert f"1 of 2 trials were trained with code {code_digest()} (this is " in said
    whole = (study.trials[0] / "result.json").read_bytes()
    versions = study.results[0]["versions"]
    for name, called in {"keras": "Keras", "tensorflow": "TensorFlow"}.items():
        rewrite(study.trials[0] / "result.json", versions=versions | {name: "1.2.3"})
        assert f"1 of 2 trials were trained with {called} 1.2.3 (this is " in refuse(study, "-m")
    rewrite(study.trials[0] / "result.json", versions=versions, format=3)
    assert "result.json is damaged: expected format 2; received 3. Another version wrote it" in refuse(study, "-m")
    (study.trials[0] / "result.json").write_bytes(whole)

    said = study.finish("-m", "on_code_change=warn", **other)
    assert "warning: 1 of 2 trials were trained with code" in said
    first, second = study.results
    assert first["code"] != second["code"], "the fault is real"
    assert (study.trials[0] / "result.json").read_bytes() == whole
    written = study.report()
    assert "trained with different code of bloodstudy" in written
    assert first["code"] in written
    assert second["code"] in written

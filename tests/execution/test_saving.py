"""What save_model=true cannot do is told before anything is trained."""

from harness import TINY, call, finish

EXTENSION = """
import keras
import bloodstudy as bs

bs.factor("blur", levels=bs.Real(0, 0.5), neutral=0.0, hook="image", when="always",
          build=lambda level, context: keras.layers.Identity(), doc="changes images wherever they are fed")
"""


def test_a_network_that_is_not_all_between_image_and_probability_is_refused(tmp_path):
    (tmp_path / "lab.py").write_text(EXTENSION)
    words = ["extend=lab.py", "save_model=true", "plan_only=true", *TINY]
    refused = call(tmp_path, "run", *words, "blur=0.1")
    assert refused.returncode == 2
    assert "save_model: the factor 'blur' changes images" in refused.stderr
    assert "save_model" not in finish(tmp_path, "run", *words), "at its neutral level nothing is changed"


def test_trials_that_were_trained_without_are_told(tmp_path):
    finish(tmp_path, "run", *TINY, "epochs=1")
    told = finish(tmp_path, "run", *TINY, "epochs=1", "save_model=true")
    assert "save_model: 1 of 1 finished trials have kept no network; retry=all trains them again" in told
    finish(tmp_path, "run", *TINY, "epochs=1", "save_model=true", "retry=all")
    assert len([*tmp_path.glob("runs/scratch/*/model.keras")]) == 1
    finish(tmp_path, "run", *TINY, "epochs=1", "retry=all")
    assert not [*tmp_path.glob("runs/scratch/*/model.keras")], "of the trial before"

"""A factor and a network of one's own through the real commands: from the file to a verified report elsewhere."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import lab
import pytest
from harness import call, finish, give_store, logged_runs, results, write_images

import bloodstudy
from bloodstudy.analysis import read_trials
from bloodstudy.config.extension.declare import is_taken
from bloodstudy.config.factors import FACTORS
from bloodstudy.execution import own_metrics, probe
from bloodstudy.study.run_folder import read_plan

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own
TINY = ["epochs=2", "data=folder", "data.root=images", "cache_dir=cache", "image_size=[16,16]", "batch_size=4"]
SWEEP = ["-m", "model=mine", "stem_kernel=3,5", "loss_smoothing=0,0.1", *TINY]
QUESTION = """
sentence: What is the influence of the stem's kernel?
factor: stem_kernel
common: {model: mine}
reference: {stem_kernel: 3}
levels: [5, 7]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images, a store, an extension, and a sweep over what it brings."""
    folder = tmp_path_factory.mktemp("lab")
    write_images(folder / "images")
    give_store(folder)
    lab.write(folder)
    finish(folder, "run", "extend=my_lab.py", *SWEEP)
    finish(folder, "run", *TINY, "depth=2")  # of which nothing is the user's own
    return folder


@pytest.fixture
def copied(place, tmp_path):
    """A copy of that folder, to be changed."""
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    return tmp_path


def keys(folder: Path) -> set[str]:
    return {result["key"] for result in results(folder)}


def restore_elsewhere(folder, tmp_path_factory):
    """Pack what `folder` holds, restore it in another one without the extension, and return that with its report."""
    finish(folder, "package", "study=scratch")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    give_store(elsewhere)
    finish(elsewhere, "package", f"restore={folder / 'reports/scratch/scratch.zip'}")
    finish(elsewhere, "report")
    return elsewhere


def test_each_level_is_a_trial_that_names_what_it_used(place):
    own = [result for result in results(place) if result["model"] == "mine"]
    assert len(own) == 4
    digest = lab.describe_here(place / "my_lab.py").digest
    assert all(result["extensions"] == [digest] for result in own)
    levels = sorted((result["factors"]["stem_kernel"], result["factors"].get("loss_smoothing", 0.0)) for result in own)
    assert levels == [(3, 0.0), (3, 0.1), (5, 0.0), (5, 0.1)]
    assert len({result["prediction_hash"] for result in own}) == 4
    (other,) = (result for result in results(place) if result["model"] != "mine")
    assert "extensions" not in other
    logged = {run.data.params.get("stem_kernel") for run in logged_runs(place)}
    assert logged == {"3", "5", None}


def test_the_same_command_trains_nothing_and_an_edit_trains_what_uses_the_extension(copied):
    before = keys(copied)
    assert "4 finished earlier, 0 to train" in finish(copied, "run", "extend=my_lab.py", *SWEEP)
    lab.write(copied, lab.TEXT.replace("round(4 *", "round(5 *"))
    assert "0 finished earlier, 4 to train" in finish(copied, "run", "extend=my_lab.py", *SWEEP)
    finish(copied, "run", "extend=my_lab.py", *TINY, "depth=2")
    assert len(keys(copied) - before) == 4


def test_a_question_of_ones_own_is_reported_packed_and_verified_without_the_file(copied, tmp_path_factory):
    (copied / "conf/question").mkdir(parents=True)
    (copied / "conf/question/stem.yaml").write_text(QUESTION)
    finish(copied, "run", "extend=my_lab.py", "-m", "question=stem", "seeds=2", *TINY)
    (copied / "my_lab.py").unlink()
    finish(copied, "report")
    report = (copied / "reports/scratch/report.md").read_text()
    assert "stem_kernel=5" in report
    assert "`stem_kernel` (side of the first convolution's kernel, in pixels)" in report
    assert "| `width` |" in report
    assert "| `norm` |" not in report, "this network does not read it"
    assert (copied / "reports/scratch/figures/dose_stem.png").exists()
    elsewhere = restore_elsewhere(copied, tmp_path_factory)
    assert (elsewhere / "reports/scratch/report.md").read_text() == report
    assert "stem_kernel=5" in finish(elsewhere, "status")
    finish(elsewhere, "verify", str(copied / "reports/scratch"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["stem_kernel=5"], "unknown key 'stem_kernel'"),
        (["extend=my_lab.py", "stem_kernel=5"], "stem_kernel changes nothing in model=reference"),
        (["extend=my_lab.py", "model=mine", "stem_kernel=12"], "stem_kernel: expected a whole number from 1 to 11"),
        (["extend=my_lab.py", "model=mine", "pooling=average"], "pooling changes nothing in model=mine"),
        (["extend=my_lab.py", "model=mien"], "Did you mean 'mine'?"),
        (["extend=my_lab.py", "stem_kernl=5"], "unknown key 'stem_kernl'. Did you mean 'stem_kernel'?"),
        (["extend=my_lab.py,other.py"], "extend is not swept"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(place, words, says):
    ended = call(place, "run", *words, *TINY)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


WRONG = """
bs.factor("wrong", levels=bs.Whole(0, 3), neutral=0, hook="{hook}", doc="none", build=lambda level, context: {built})
"""


@pytest.mark.parametrize(
    ("hook", "built", "says"),
    [
        ("loss", "3", "must build a Keras loss, or a function of labels and logits for its hook 'loss'; received int"),
        ("image", "'blur'", "must build a Keras layer for its hook 'image'; received str"),
        ("optimizer", "1 / 0", "could not be built: ZeroDivisionError: division by zero"),
        ("image", "keras.layers.Cropping2D(1)", "expected images"),
    ],
)
def test_a_hook_that_gives_the_wrong_thing_is_named_before_anything_is_trained(copied, hook, built, says):
    lab.write(copied, lab.TEXT + WRONG.format(hook=hook, built=built))
    before = keys(copied)
    ended = call(copied, "run", "extend=my_lab.py", "-m", "wrong=0,1", *TINY, "depth=2", "lr=0.1")
    assert ended.returncode == 2, ended.stderr
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert keys(copied) == before


def test_a_plan_with_the_text_of_another_extension_is_not_verified(copied):
    finish(copied, "run", "extend=my_lab.py", *SWEEP)
    finish(copied, "report")
    plan = read_plan(copied / "runs", "scratch")
    other = lab.describe_here(lab.write(copied, lab.TEXT + "# never trained\n"))
    replace(plan, extensions=[other.to_dict()]).write(copied / "runs/scratch")
    ended = call(copied, "verify", "reports/scratch")
    assert ended.returncode == 1
    assert "the plan does not hold its extension" in ended.stdout


def test_no_metric_may_have_the_name_of_a_column_of_the_table_of_trials(place):
    columns = set(read_trials(place / "runs", "scratch")) - {*FACTORS, "stem_kernel", "loss_smoothing", "noise"}
    assert {"test_loss", "outcome", "wall_seconds"} <= columns
    assert [name for name in columns if not is_taken(name)] == []


def test_a_metric_is_stored_with_each_trial_and_told_without_the_file(copied, tmp_path_factory):
    lab.write(copied, lab.TEXT + lab.METRIC)
    said = finish(copied, "run", "extend=my_lab.py", "-m", "depth=2,3", *TINY)
    assert "1 finished earlier, 1 to train" in said, "a metric is no part of what a trial is"
    assert "metrics of 1 finished trial measured from its predictions" in said
    assert "test_auc" in said
    stored = {
        result["key"]: result["metrics"]["test_auc"]["value"] for result in results(copied) if "metrics" in result
    }
    assert len(stored) == 2
    assert all(0 <= value <= 1 for value in stored.values())
    logged = [run.data.metrics["test_auc"] for run in logged_runs(copied) if "test_auc" in run.data.metrics]
    assert sorted(logged) == sorted(stored.values())
    lab.write(copied, lab.TEXT + lab.METRIC.replace("return ", "return -"))
    assert "metrics of 2 finished trials" in finish(copied, "run", "extend=my_lab.py", "-m", "depth=2,3", *TINY)
    (copied / "my_lab.py").unlink()
    finish(copied, "report")
    frame = bloodstudy.load_study("scratch", copied / "runs").trials
    assert frame["test_auc"].tolist() == pytest.approx([-stored[key] for key in frame["key"]], abs=1e-6)
    report = (copied / "reports/scratch/report.md").read_text()
    assert "| arm | train | test | gap | `test_auc` |" in report
    assert f"| {-stored[frame['key'][0]]:.3f} |" in report
    elsewhere = restore_elsewhere(copied, tmp_path_factory)
    assert (elsewhere / "reports/scratch/report.md").read_text() == report
    finish(elsewhere, "verify", str(copied / "reports/scratch"))


def test_a_metric_that_a_question_declares_is_what_its_verdicts_are_about(copied):
    (copied / "conf/question").mkdir(parents=True)
    (copied / "conf/question/deep.yaml").write_text(
        "sentence: Does depth matter?\nfactor: depth\nlevels: [3]\nreference: {depth: 2}\nresponse: certain\n"
    )
    certain = (
        'import bloodstudy as bs\n\n@bs.metric("certain")\ndef certain(probabilities, labels):\n'
        "    return {} * probabilities.max(axis=1).mean()\n"
    )
    (copied / "certain.py").write_text(certain.format("0.9"))
    words = ["extend=certain.py", "-m", "question=deep", "seeds=6", *TINY]
    said = finish(copied, "run", *words)
    assert "verdicts are about certain" in said
    assert "effect on certain, points" in said
    (copied / "certain.py").write_text(certain.format("0.5"))
    said = finish(copied, "run", *words)
    assert "12 finished earlier, 0 to train" in said
    assert "changed after the first plan: response" in said
    (copied / "certain.py").unlink()
    finish(copied, "report")
    report = (copied / "reports/scratch/report.md").read_text()
    assert "A verdict rests on certain alone" in report
    assert "margin: 2 points of certain" in report
    table = (copied / "reports/scratch/effects.tex").read_text()
    assert "points, classes weighing alike in train, test and gap, mean over seeds" in table
    frames = bloodstudy.load_study("scratch", copied / "runs")
    own = frames.effects.set_index("response").loc["certain"]
    assert own["verdict"]
    assert frames.effects["verdict"].astype(bool).sum() == 1
    alive = frames.trials.pivot(index="seed", columns="arm", values="certain")
    assert (alive.to_numpy() < 0.51).all(), "nothing of the first text is left"
    finish(copied, "verify", "reports/scratch")
    ended = call(copied, "run", "-m", "question=deep", "seeds=6", *TINY)
    assert ended.returncode == 2
    assert "response: expected a metric of an extension, which extend=FILE brings" in ended.stderr


def metric(*lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'{lab.TEXT}\n@bs.metric("own")\ndef own(probabilities, labels):\n{body}'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1 / 0", "the metric 'own' of extend=my_lab.py raised ZeroDivisionError: division by zero"),
        ("while True: pass", "the metric 'own' of extend=my_lab.py took longer than 2 s"),
        ("__import__('os')._exit(3)", "ended its process: the training process ended with exit code 3"),
    ],
)
def test_a_metric_that_fails_whatever_it_is_given_ends_before_anything_is_trained(copied, line, says, monkeypatch):
    monkeypatch.setattr(own_metrics, "LONGEST_S", 2)
    lab.write(copied, metric(line, "return 0.5"))
    before = keys(copied)
    ended = call(copied, "run", "extend=my_lab.py", "-m", "depth=2", "lr=0.3", *TINY)
    assert ended.returncode == 2, ended.stdout
    assert says in ended.stderr
    assert "Nothing was trained" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert keys(copied) == before


def test_a_metric_that_fails_on_real_predictions_alone_costs_no_training(copied):
    words = ["extend=my_lab.py", "-m", "depth=2", "lr=0.3,0.4", *TINY]
    lab.write(copied, metric("return float('nan') if len(labels) != 40 else 0.5"))  # the made-up ones are 40
    ended = call(copied, "run", *words)
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.count("the metric 'own' of extend=my_lab.py returned nan; expected a number from -1 to 1") >= 2
    failed = [result for result in results(copied) if result["outcome"] == "failed"]
    assert len(failed) == 2
    lab.write(copied, metric("return 0.25"))
    said = finish(copied, "run", *words)
    assert "2 finished earlier, 0 to train" in said
    mended = {result["key"]: result for result in results(copied)}
    assert [mended[one["key"]]["metrics"]["own"]["value"] for one in failed] == [0.25, 0.25]
    assert [mended[one["key"]]["outcome"] for one in failed] == ["finished", "finished"]
    assert [mended[one["key"]]["cost"]["attempts"] for one in failed] == [1, 1]


def own_image(built: str, more: str = "") -> str:
    row = f'bs.factor("own", levels=bs.Whole(0, 3), neutral=0, hook="image", doc="none", build=lambda l, c: {built})'
    return f"{lab.TEXT}\n{row}\n{more}"


def test_a_neighbour_is_not_found_later_either(copied):
    (copied / "helper.py").write_text("LEVEL = 0.1\n")
    lab.write(copied, own_image("go()", "def go():\n    import helper\n    return helper.LEVEL\n"))
    ended = call(copied, "run", "extend=my_lab.py", "own=1", *TINY, "depth=2")
    assert ended.returncode == 2
    assert "No module named 'helper'" in ended.stderr


def test_no_trial_finds_what_another_one_left_in_a_module(copied):
    more = """
import numpy as np
RNG = np.random.default_rng(0)
class Rough(keras.layers.Layer):
    def call(self, x, training=None):
        return x + RNG.normal(size=x.shape).astype("float32") / 10
"""
    lab.write(copied, own_image("Rough()", more))
    words = ["extend=my_lab.py", "own=1", *TINY, "depth=2"]
    finish(copied, "run", "-m", "seed=0,1", "runs_dir=both", *words)
    finish(copied, "run", "seed=1", "runs_dir=one", *words)
    (alone,) = (json.loads(path.read_text()) for path in copied.glob("one/scratch/*/result.json"))
    both = json.loads((copied / "both/scratch" / alone["key"] / "result.json").read_text())
    assert both["prediction_hash"] == alone["prediction_hash"]


def test_what_comes_to_other_weights_when_it_is_trained_again_is_refused(copied):
    more = """
import numpy as np
class Rough(keras.layers.Layer):
    def build(self, shape):
        self.shift = np.random.default_rng().normal(size=shape[-1]).astype("float32") / 100
    def call(self, x, training=None):
        return x + self.shift
"""
    lab.write(copied, own_image("Rough()", more))
    before = keys(copied)
    ended = call(copied, "run", "extend=my_lab.py", "own=1", *TINY, "depth=2")
    assert ended.returncode == 2
    assert "trained twice from the same seed on the same batches, it came to other weights" in ended.stderr
    assert keys(copied) == before


@pytest.mark.parametrize(
    "built", ["__import__('os').kill(__import__('os').getpid(), 9)", "__import__('time').sleep(99)"]
)
def test_one_that_kills_or_hangs_its_process_ends_before_anything_is_trained(copied, built, monkeypatch):
    monkeypatch.setattr(probe, "LONGEST_S", 8)
    lab.write(copied, own_image(built))
    before = keys(copied)
    ended = call(copied, "run", "extend=my_lab.py", "-m", "own=0,1", *TINY, "depth=2", "lr=0.2")
    assert ended.returncode == 2, ended.stdout
    assert "Nothing was trained" in ended.stderr
    assert keys(copied) == before


def test_the_configuration_is_shown_with_its_factors(place):
    assert "stem_kernel: 3" in finish(place, "run", "extend=my_lab.py", "model=mine", "--cfg", "job")


def test_a_file_of_the_network_s_name_says_what_is_native_to_it(copied):
    (copied / "conf/model").mkdir(parents=True)
    (copied / "conf/model/mine.yaml").write_text(
        "# @package _global_\nmodel: {name: mine}\nstem_kernel: 7\nwidth: 2.0\n"
    )
    shown = finish(copied, "run", "extend=my_lab.py", "model=mine", "--cfg", "job")
    assert "stem_kernel: 7" in shown
    assert "width: 2.0" in shown


def test_a_damaged_plan_of_an_extension_is_refused(copied):
    finish(copied, "run", "extend=my_lab.py", *SWEEP)
    plan = copied / "runs/scratch/plan.yaml"
    plan.write_text(plan.read_text().replace("stem_kernel", "stem_kernal", 1))
    ended = call(copied, "report")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_the_words_that_a_plan_keeps_are_plain(place):
    finish(place, "run", "extend=my_lab.py", *SWEEP)
    text = (place / "runs/scratch/plan.yaml").read_text()
    assert "side of the first convolution's kernel" in text
    assert json.dumps("python") not in text


PATCHING = """
import keras
import bloodstudy as bs

keras.layers.Dense.call = (lambda call: lambda self, x, training=None: call(self, x) * 3)(keras.layers.Dense.call)


@bs.network("patched", reads=("width",))
def patched(factors, input_shape, classes):
    image = keras.Input(input_shape, dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, keras.layers.Dense(classes, dtype="float32")(x))
"""


def test_what_a_file_changes_in_keras_is_in_no_trial_but_the_one_that_uses_it(copied, tmp_path_factory):
    (copied / "patching.py").write_text(PATCHING)
    finish(copied, "run", "extend=patching.py", "-m", "name=mixed", "model=patched,reference", "seed=0,1", *TINY)
    hashes = {result["key"]: result["prediction_hash"] for result in results(copied, "mixed")}
    assert len(hashes) == 4
    alone = tmp_path_factory.mktemp("alone")
    shutil.copytree(copied, alone, dirs_exist_ok=True, ignore=shutil.ignore_patterns("runs"))
    finish(alone, "run", "-m", "name=plain", "model=reference", "seed=0,1", *TINY)
    finish(alone, "run", "extend=patching.py", "name=second", "model=patched", "seed=1", *TINY)
    others = {
        result["key"]: result["prediction_hash"] for name in ("plain", "second") for result in results(alone, name)
    }
    assert len(others) == 3
    assert others.items() <= hashes.items()

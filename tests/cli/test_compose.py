import pytest

from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.errors import UserError


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def problems(*overrides, multirun=False):
    with pytest.raises(UserError) as caught:
        compose.check(list(overrides), multirun)
    return caught.value.problems


def test_a_sweep_is_the_product_in_the_order_in_which_it_was_typed():
    sweep = compose.check(["lr=1e-2,1e-3", "epochs=1", "seed=1,2"], multirun=True)
    assert [job.levels for job in sweep.jobs] == [
        {"lr": lr, "epochs": 1, "seed": seed} for lr in (0.01, 0.001) for seed in (1, 2)
    ]
    assert sweep.swept == {"lr": (0.01, 0.001), "seed": (1, 2)}
    assert [job.settings.factors.lr for job in sweep.jobs] == [0.01, 0.01, 0.001, 0.001]


def test_a_model_sets_its_native_factors_and_the_command_line_wins():
    (job,) = compose.check(["model=compact", "dropout=0.1"], multirun=False).jobs
    assert (job.settings.factors.image_size, job.settings.factors.padding) == ((200, 200), "valid")
    assert job.settings.factors.dropout == 0.1


def test_every_problem_of_a_sweep_is_reported_at_once():
    lr, dropout, unknown = problems("lr=1e-2,abc", "dropout=0,1.5", "pool=max", multirun=True)
    assert "'abc'" in lr
    assert "1.5" in dropout
    assert "pooling" in unknown


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("lr=abc", "above 0"), ("lr=-1", "-1"), ("learning_rate=1", "'lr'"), ("model=resnett", "reference"),
        ("epochs=0", "at least 1"), ("dropout=1.5", "1.5"), ("lr", "key=value"), ("'lr=3", "cannot read"),
        ("+lr=1", "added"), ("~lr", "removed"), ("lr=1,2", "-m"), ("data@x=smear", "added"),
        ("lr=interval(0,1)", "list"), ("runs_dir=a,b", "together"), ("retry=all,none", "not swept"),
        ("data.root=${oc.env:HOME}", "interpolations"), ("model.name=nope", "reference"), ("model={a: 1}", "reference"),
        ("hydra/launcher=nope", "basic"), ("data=kagle", "'kaggle'"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_the_reason(override, word):
    (found,) = problems(override)
    assert word in found


def test_only_the_impossible_combinations_of_a_sweep_are_named():
    (problem,) = problems("model=compact", "depth=2,6", "image_size=[60,60]", multirun=True)
    assert "190" in problem


def test_a_level_or_a_key_given_twice_is_refused():
    assert "twice" in problems("lr=1,1", multirun=True)[0]
    assert "2 times" in problems("lr=1", "lr=2")[0]


def write_model(folder, line):
    (folder / "conf" / "model").mkdir(parents=True)
    text = f"# @package _global_\nmodel: {{name: reference}}\n{line}\n"
    (folder / "conf" / "model" / "mine.yaml").write_text(text)


def test_configuration_files_of_the_working_folder_are_found(tmp_path):
    write_model(tmp_path, "width: 0.5")
    (job,) = compose.check(["model=mine"], multirun=False).jobs
    assert job.settings.factors.width == 0.5


@pytest.mark.parametrize("line", ["width: [", "width: !!python/object:os.system x", "wdth: 1", "width: ${oc.env:HOME}"])
def test_a_broken_or_hostile_configuration_file_is_refused(tmp_path, line):
    write_model(tmp_path, line)
    problems("model=mine")


@pytest.mark.parametrize(("place", "text"), [
    ("model/reference.yaml", "# @package _global_\nmodel: {name: reference}\nlr: 9.0\n"),
    ("data/smear.yaml", "name: smear\ncopies: 3\n"),
    ("config.yaml", "lr: 9.0\n"),
])  # fmt: skip
def test_a_file_of_one_s_own_that_nothing_would_read_is_refused(tmp_path, place, text):
    files.write_text(tmp_path / "conf" / place, text)
    (said,) = problems("lr=0.1")
    assert said.startswith(f"conf/{place}: bloodstudy has a file of that name, which would be read in its place")


def test_keys_of_one_s_own_files_are_judged_as_if_typed(tmp_path):
    files.write_text(tmp_path / "conf/data/mine.yaml", "name: smear\nphotographs: 2\nroot: /nonexistent\n")
    assert problems("data=mine")[0].startswith("data.root is read by data=kaggle, bccd, folder; received data=smear")
    global_ = "# @package _global_\nmodel: {name: reference}\n"
    files.write_text(tmp_path / "conf/model/mine.yaml", f"{global_}data: {{view: cell}}\n")
    assert problems("model=mine")[0].startswith("data.view is read by data=bccd")
    files.write_text(tmp_path / "conf/model/mine.yaml", f"{global_}seed: 7\nruns_dir: elsewhere\n")
    assert "only the command line sets seed, runs_dir" in problems("model=mine")[0]
    files.write_text(tmp_path / "conf/model/mine.yaml", f"{global_}lr: 0.5\n")
    assert compose.check(["model=mine"], False).jobs[0].settings.factors.lr == 0.5

"""The plan, made without training anything."""

import pytest
import yaml

from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.errors import UserError
from bloodstudy.execution import datasets, planner
from bloodstudy.study.seal import unseal
from bloodstudy.training import precision

POOLS = "sentence: Pooling?\nfactor: pooling\nlevels: [max, average]\n"
STUDY = (
    "title: Small\ndata: smear\nquestions: [pools]\nseeds: 2\n"
    "reference: {epochs: 1, image_size: [24, 32], data.photographs: 2, data.copies: 2}\n"
)
DROPS = "sentence: Dropout?\nfactor: dropout\nlevels: [0.5]\n"
SMALL = ("data.copies=2", "data.photographs=2", "image_size=[24,32]")


@pytest.fixture
def draw(tmp_path, cache, monkeypatch):
    """Return a function that makes and publishes the plan of a command, in a folder with a study of its own."""
    monkeypatch.chdir(tmp_path)
    files.write_text(tmp_path / "conf/question/pools.yaml", POOLS)
    files.write_text(tmp_path / "conf/study/small.yaml", STUDY)

    def draw(*words):
        words = [*words, f"cache_dir={cache}"]
        drawn = planner.make_plan(compose.check(words, True), ["-m", *words], tmp_path / "runs")
        drawn.content.write(tmp_path / "runs" / drawn.content.study)
        return drawn

    return draw


def test_a_level_that_is_the_reference_s_own_is_no_second_trial(draw, tmp_path):
    content = draw("study=small").content
    assert list(content.arms) == ["reference", "pooling=average"]
    assert [(trial.arm, trial.seed) for trial in content.trials] == [
        ("reference", 0), ("pooling=average", 0), ("reference", 1), ("pooling=average", 1),
    ]  # fmt: skip
    assert content.questions[0].arms == ["reference", "pooling=average"]
    assert content.swept == {"pooling": ["max", "average"], "seed": [0, 1]}
    assert content.trials[0].levels == {"pooling": "max", "seed": 0}
    assert content.precision in ("float32", "bfloat16")
    assert unseal(yaml.safe_load((tmp_path / "runs/small/plan.yaml").read_text())) == content.to_dict()


def test_a_sweep_over_seeds_alone_is_named_as_a_single_trial_is(draw):
    named = [{t.arm for t in draw(*words, *SMALL).content.trials} for words in (["lr=0.01", "seed=0,1"], ["lr=0.01"])]
    assert named == [{"lr=0.01, image_size=[24,32]"}] * 2
    assert {t.arm for t in draw("lr=0.01,0.1", "seed=0,1", *SMALL).content.trials} == {"lr=0.01", "lr=0.1"}


@pytest.mark.parametrize(
    "typed", ["dropout=0.3,0.3000001", "weight_decay=0.1,0.10", "dropout=0,0.0", "dropout=0.0,-0.0"]
)
def test_levels_of_a_sweep_that_are_written_alike_are_refused(draw, typed):
    with pytest.raises(UserError, match="the same level is given twice"):
        draw(typed, "pooling=max,average", *SMALL)


def test_engines_side_by_side_share_a_precision_and_a_command_goes_on(draw, monkeypatch):
    monkeypatch.setattr(precision, "processor", lambda: ("", frozenset({"amx_bf16"})))
    assert draw("lr=0.01,0.1", *SMALL).content.precision == "bfloat16"
    words = ["engine=tensorflow,jax", "name=both", *SMALL]
    first, again = (draw(*words).content for _ in range(2))
    assert {trial.overrides[-1] for trial in first.trials} == {"precision=float32"}
    assert (first.precision, first.keys) == ("float32", again.keys)


def test_the_plan_holds_no_path(draw, small, tmp_path):
    command = draw("lr=1e-2", "data=folder", f"data.root={small}").content.to_dict().pop("command")
    assert str(small) in command
    content = yaml.safe_load((tmp_path / "runs/scratch/plan.yaml").read_text())
    assert str(small) not in str(content | {"command": ""})


def test_a_key_that_the_resolved_split_does_not_read_is_refused(draw, small):
    folder = ["data=folder", f"data.root={small}", "data.test_share=0.5"]
    with pytest.raises(UserError) as caught:
        draw(*folder)
    assert caught.value.problems == (
        "data.test_share is read by data.split=random, grouped; received data=folder with the official split, which "
        "does not read it. Leave it out, or choose that",
    )
    assert draw(*folder, "data.split=random").requested


def test_the_same_command_draws_the_same_plan(draw):
    assert draw("study=small").content.hash == draw("study=small").content.hash
    assert draw("lr=1e-2,1e-3", *SMALL).content.amendments is None
    assert draw("study=small").content.amendments == []


def test_an_extension_is_an_amendment_and_stays_though_fewer_seeds_are_asked_for(draw):
    fewer = draw("study=small", "seeds=1")
    assert (len(fewer.requested), len(fewer.content.trials)) == (2, 4)
    longer = draw("study=small", "seeds=3")
    assert longer.content.amendments == ["seeds: [0, 1] became [0, 1, 2]"]
    assert longer.content.hash != fewer.content.hash
    again = draw("study=small")
    assert again.content.seeds == again.content.swept["seed"] == [0, 1, 2]
    assert len(again.requested) == 4
    assert again.content.amendments == longer.content.amendments


def test_another_reference_is_an_amendment(draw):
    draw("study=small")
    assert draw("study=small", "lr=0.25").content.amendments == ["setting, lr: 0.25 was added"]


def test_other_data_under_the_same_name_are_refused(draw):
    draw("study=small")
    with pytest.raises(UserError, match=r"was made for data=smear judged by official .* another runs_dir"):
        draw("study=small", "data.draw_seed=1")


def test_precision_is_settled_once_for_a_study(draw, monkeypatch):
    monkeypatch.setattr(planner, "resolve_precision", lambda asked, _: "float32" if asked == "auto" else asked)
    assert draw("study=small").content.precision == "float32"
    monkeypatch.setattr(planner, "resolve_precision", lambda asked, _: "bfloat16" if asked == "auto" else asked)
    assert draw("study=small").content.precision == "float32"
    assert draw("lr=1e-2,1e-3", *SMALL).content.precision == "bfloat16"


def test_the_overrides_of_a_trial_lead_to_it_again(draw):
    drawn = draw("question=pools", "lr=0.00025", "colour=rgb", *SMALL)
    for trial in drawn.content.trials:
        (job,) = compose.check(list(trial.overrides), False).jobs
        assert job.settings.factors.seed == trial.seed
        assert job.settings.factors.lr == 0.00025
        assert job.settings.factors.pooling == trial.levels["pooling"]


def test_a_later_look_is_an_amendment_and_the_first_ones_stay(draw, tmp_path):
    draw("study=small")
    (tmp_path / "conf/study/small.yaml").write_text(STUDY.replace("seeds: 2", "seeds: 3\nlooks: [2, 3]"))
    content = draw("study=small").content
    assert content.looks == [2]
    assert "looks: [2, 3] came after [2], which stay" in content.amendments


def test_the_cells_of_a_block_are_named_by_the_arms_that_they_are(draw, tmp_path):
    both = "sentence: Both?\narms: {average: {pooling: average}}\n"
    both += "factorial: {dropout: [0.0, 0.5], pooling: [max, average]}\n"
    (tmp_path / "conf/question/pools.yaml").write_text(both)
    (question,) = draw("study=small").content.questions
    assert question.cells == {
        "reference": {"dropout": 0.0, "pooling": "max"},
        "average": {"dropout": 0.0, "pooling": "average"},
        "dropout=0.5, pooling=max": {"dropout": 0.5, "pooling": "max"},
        "dropout=0.5, pooling=average": {"dropout": 0.5, "pooling": "average"},
    }
    assert not question.simplify


def test_a_study_on_a_split_that_leaks_must_say_so(draw, monkeypatch):
    monkeypatch.setattr(datasets.result_record, "audit", lambda images: {"test_images_leaking": 3})
    with pytest.raises(UserError, match=r"32 test images 3 show a scene .* data.split=official typed out"):
        draw("study=small")
    assert draw("study=small", "data.split=official").requested


def test_a_question_of_no_study_lists_what_was_changed_after_its_first_result(draw, tmp_path):
    small = ("epochs=1", *SMALL)
    question = tmp_path / "conf/question/pools.yaml"
    first = draw("question=pools", *small).content
    question.write_text(f"{POOLS}seeds: 7\n")
    assert draw("question=pools", *small).content.amendments is None  # nothing had a result
    files.write_json(tmp_path / "runs/scratch" / first.trials[0].key / "result.json", {})  # that it is there is enough
    assert draw("question=pools", *small).content.amendments == []
    question.write_text(f"{POOLS}seeds: 8\n")
    for _ in range(2):
        longer = draw("question=pools", *small).content
        assert longer.looks == [8]
        assert "looks: [7] became [8]" in longer.amendments
    (tmp_path / "conf/question/drops.yaml").write_text(DROPS)
    assert draw("question=drops", *small).content.amendments is None  # another question, of the same reference
    draw("question=pools", *small)
    assert draw("question=pools", "lr=0.25", *small).content.amendments is None  # no trial of which had a result
    assert draw("pooling=max,average", *small).content.amendments is None


def test_the_trials_of_an_extension_have_the_levels_of_a_plan_that_came_later(draw, tmp_path):
    draw("study=small", "seeds=3")
    (tmp_path / "conf/question/drops.yaml").write_text(DROPS)
    (tmp_path / "conf/study/small.yaml").write_text(STUDY.replace("[pools]", "[pools, drops]"))
    content = draw("study=small").content
    assert content.swept.keys() == {"arm", "seed"}
    assert all(trial.levels == {"arm": trial.arm, "seed": trial.seed} for trial in content.trials)
    assert sorted(trial.arm for trial in content.trials if trial.seed == 2) == ["pooling=average", "reference"]


TWO = POOLS.replace("[max, average]", "[max, average, strided]")
AVERAGE = "sentence: Pooling?\narms: {pooling=average: {pooling: average}}\n"


@pytest.mark.parametrize(
    ("typed", "file", "said"),
    [
        (["margin=0.9"], POOLS, "question=pools: margin 0.02; received 0.9"),
        (["budget=60"], POOLS, "budget none; received 60"),
        ([], TWO, "question=pools: tested arms pooling=average; received pooling=average, pooling=strided"),
        ([], POOLS + "simplify: true\n", "question=pools: simplify false; received true"),
        ([], POOLS + "reference: {dropout: 0.5}\n", "question=pools: reference reference; received"),
        ([], AVERAGE.replace("average}", "average, dropout: 0.5}"), "question=pools: the levels of 'pooling=average'"),
    ],
)
def test_what_decides_stays_once_a_trial_has_a_result(draw, tmp_path, typed, file, said):
    first = draw("study=small").content
    (tmp_path / "conf/question/pools.yaml").write_text(file)
    changed = draw("study=small", *typed).content
    assert changed.hash != first.hash, "before the first result all may change"
    (tmp_path / "conf/question/pools.yaml").write_text(POOLS)
    draw("study=small")
    files.write_json(tmp_path / "runs/small" / first.trials[0].key / "result.json", {})  # that it is there is enough
    (tmp_path / "conf/question/pools.yaml").write_text(file)
    with pytest.raises(UserError, match="What decides cannot change once a trial has a result") as caught:
        draw("study=small", *typed)
    assert f"declares {said}" in caught.value.problems[0]


@pytest.mark.parametrize("lost", [True, False])
def test_a_plan_that_was_made_when_its_arms_had_results_says_so(draw, tmp_path, lost):
    first = draw("study=small") if lost else draw("pooling=max,average", "seed=0,1", "name=other", "epochs=1", *SMALL)
    assert first.content.amendments is None
    folder = tmp_path / "runs/small"
    keys = [trial.key for trial in draw("study=small").content.trials]
    for key in keys[:3]:
        files.write_json(folder / key / "result.json", {})
    (folder / "plan.yaml").unlink()
    again = draw("study=small").content
    assert again.amendments == ["this plan itself: 1 trial of its arms had a result before it was made"]
    assert draw("study=small").content.amendments == again.amendments, "and goes on saying so"


def test_the_command_that_goes_on_says_nothing_of_one_call_alone(draw):
    content = draw("study=small", "retry=all", "lr=0.25", "plan_only=true").content
    words = content.command.split()
    assert words[:5] == ["python", "-m", "bloodstudy.run", "-m", "study=small"]
    assert "lr=0.25" in words
    assert not any(word.startswith(("repetitions", "retry", "plan_only")) for word in words)


@pytest.mark.parametrize(("count", "kept"), [(1, False), (3, True)])
def test_fewer_seeds_are_no_part_of_the_command_that_goes_on(draw, count, kept):
    assert (f"seeds={count}" in draw("study=small", f"seeds={count}").content.command.split()) == kept


def finish(tmp_path, drawn, *places):
    for place in places:
        files.write_json(tmp_path / "runs" / drawn.content.study / drawn.content.trials[place].key / "result.json", {})


def test_a_name_gives_a_sweep_its_own_plan_and_changes_no_trial(draw, tmp_path):
    named, plain = draw("lr=0.1,0.01", "name=rates", *SMALL), draw("lr=0.1,0.01", *SMALL)
    assert (tmp_path / "runs/rates/plan.yaml").exists()
    assert named.content.keys == plain.content.keys
    assert [trial.overrides for trial in named.content.trials] == [trial.overrides for trial in plain.content.trials]


def test_a_sweep_with_a_name_grows_and_loses_no_result(draw, tmp_path):
    drawn = draw("lr=0.1,0.01", "name=rates", *SMALL)
    draw("lr=0.1", "name=rates", *SMALL)  # nothing is lost as long as nothing was trained
    finish(tmp_path, drawn, 1)
    grown = draw("lr=0.1,0.01,0.001", "seed=0,1", "name=rates", *SMALL).content
    assert {*drawn.content.keys} < {*grown.keys}
    with pytest.raises(UserError, match="holds 1 finished trial that this command does not ask for, of: python -m"):
        draw("lr=0.1", "name=rates", *SMALL)
    with pytest.raises(UserError, match="for another sweep choose another name"):
        draw("pooling=max,average", "name=rates", *SMALL)
    with pytest.raises(UserError, match=r"was made for images with fingerprint .* leave the images as they were"):
        draw("lr=0.1,0.01", "name=rates", *SMALL, "data.draw_seed=1")
    draw("lr=0.1", *SMALL)  # sweeps without a name share a folder


def test_questions_with_a_name_have_a_plan_that_stays(draw, tmp_path):
    drawn = draw("question=pools", "name=mine", "seeds=2", *SMALL)
    finish(tmp_path, drawn, 0)
    assert draw("question=pools", "name=mine", "seeds=8", *SMALL).content.amendments
    with pytest.raises(UserError, match="for another sweep choose another name"):
        draw("lr=0.1,0.01", "name=mine", *SMALL)

"""F21: images added, changed or removed between two commands, or while a sweep runs: two data sets are never mixed."""

import shutil

import pytest
import yaml
from harness import kill, results, wait_for
from PIL import Image

STUDY = "title: Own images\nquestions: [pools]\nseeds: 2\nreference: {epochs: 3, image_size: [24, 32], depth: 2}\n"
POOLS = "sentence: Does pooling matter?\nfactor: pooling\nlevels: [average]\n"


@pytest.fixture
def own_images(study):
    """A study of images of one's own."""
    study.write("study/own.yaml", STUDY)
    study.write("question/pools.yaml", POOLS)
    for side in ("train", "test"):
        for k, label in enumerate(("DARK", "LIGHT")):
            (study.folder / "images" / side / label).mkdir(parents=True)
            for i in range(8):
                colour = (40 + 150 * k + 3 * i, 90 + (side == "test"), 60 + 5 * i)
                Image.new("RGB", (32, 24), colour).save(study.folder / f"images/{side}/{label}/{i}.png")
    study.typed = ["-m", "study=own", "data=folder", f"data.root={study.folder / 'images'}"]
    return study


def change(how, folder):
    image = folder / "images/train/DARK/0.png"
    if how == "added":
        Image.new("RGB", (32, 24), (1, 2, 3)).save(image.with_name("more.png"))
    elif how == "changed":
        Image.new("RGB", (32, 24), (1, 2, 3)).save(image)
    else:
        image.unlink()


@pytest.mark.parametrize("how", ["added", "changed", "removed"])
def test_between_two_commands_a_study_refuses_and_names_both(own_images, how):
    own_images.call("seeds=1")
    before = {path: path.read_bytes() for path in own_images.folder.glob("runs/own/*/result.json")}
    first = yaml.safe_load((own_images.folder / "runs/own/plan.yaml").read_text())["trials"][0]["data"]["fingerprint"]
    change(how, own_images.folder)
    code, said = own_images.run()
    assert code == 2, said
    assert f"fingerprint {first}" in said
    assert said.count("fingerprint") >= 2
    assert "Traceback" not in said
    assert {path: path.read_bytes() for path in own_images.folder.glob("runs/own/*/result.json")} == before


def test_while_a_sweep_runs_all_its_trials_see_the_same_images(own_images):
    process = own_images.start()
    try:
        wait_for(lambda: results(own_images.folder, "own"), 200, process, lambda: own_images.said)
        shutil.rmtree(own_images.folder / "images/train/DARK")
        code = process.wait(timeout=200)
    finally:
        kill(process)
    data = [result["data"] for result in results(own_images.folder, "own")]
    assert len({each["fingerprint"] for each in data}) == 1
    assert {each["counts"]["train"]["DARK"] for each in data} == {8}
    assert code == 0, own_images.said
    assert len(data) == 4

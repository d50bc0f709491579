"""The networks of a study as tables."""

from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.sections.networks import list_networks
from bloodstudy.study.question import Question

NETWORKS = Question("networks", "Which network?", arms={"compact": {"model": "compact"}})
LAYERS = [{"name": "conv_1", "kind": "Conv2D", "output": [60, 80, 16], "parameters": 448}]
LAYERS += [{"name": "own", "kind": "<b>", "output": None, "parameters": 0}]


def list_of(tmp_path, change):
    fabricate_study(tmp_path, (NETWORKS,), 2, photographs=3, copies=2, change=change)
    sweep = load_study(tmp_path, "five_questions")
    return list_networks(sweep, StudyClaims(analyse_study(sweep), Ledger()))


def test_each_model_has_one_table(tmp_path):
    found = list_of(tmp_path, lambda result: result.update(layers=LAYERS))
    assert [own["model"] for own in found] == ["`reference`", "`compact`"]
    rows = unmark(found[0]["table"]).splitlines()[2:]
    assert rows[0] == "| 1 | Conv2D | 60 × 80 × 16 | 448 |"
    assert rows[1] == "| 2 | &#60;b&#62; | – | 0 |"
    assert rows[2] == "|  | all |  | 8,684 |"


def test_results_without_layers_have_none(tmp_path):
    assert list_of(tmp_path, lambda result: None) == []

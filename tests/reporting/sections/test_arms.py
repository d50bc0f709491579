"""The networks of a study as tables."""

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.sections.arms import list_networks
from bloodstudy.study.question import Question

NETWORKS = Question("networks", "Which network?", arms={"compact": {"model": "compact"}})
LAYERS = [{"name": "conv_1", "kind": "Conv2D", "output": [60, 80, 16], "parameters": 448}]
LAYERS += [{"name": "own", "kind": "<b>", "output": None, "parameters": 0}]


def test_each_model_has_one_table(claims_of):
    networks = list_networks(claims_of(NETWORKS, seeds=2, change=lambda result: result.update(layers=LAYERS)))
    assert [network["model"] for network in networks] == ["`reference`", "`compact`"]
    rows = unmark(networks[0]["table"]).splitlines()[2:]
    assert rows[0] == "| 1 | Conv2D | 60 × 80 × 16 | 448 |"
    assert rows[1] == "| 2 | &#60;b&#62; | – | 0 |"
    assert rows[2] == "|  | all |  | 8,684 |"


def test_results_without_layers_have_none(claims_of):
    assert list_networks(claims_of(NETWORKS, seeds=2)) == []

"""The data of a sweep."""

from bloodstudy.reporting.sections.data import list_data


def test_trials_on_the_same_images_share_a_data_set(read_sweep):
    sweep = read_sweep({"data": ["smear", "bccd"], "seed": [0, 1]})
    first, second = list_data(sweep)
    assert (first.data.name, second.data.name) == ("smear", "bccd")
    assert first.keys == tuple(sweep.plan.keys[:2])
    assert first.counts.loc["EOSINOPHIL"].to_dict() == {"train": 56, "test": 40}

import numpy as np

from bloodstudy.data.synthetic.cells import RADIUS_PX, white_cell


def test_classes_differ_in_nucleus_and_cytoplasm() -> None:
    cells = {kind: [white_cell(kind, 1.0, np.random.default_rng(k)) for k in range(8)] for kind in RADIUS_PX}
    area = {kind: np.mean([cell.body.sum() for cell in drawn]) for kind, drawn in cells.items()}
    share = {
        kind: np.mean([(cell.stains["nucleus"] > 0.3).sum() / (cell.body > 0.5).sum() for cell in drawn])
        for kind, drawn in cells.items()
    }
    assert max(area, key=area.__getitem__) == "MONOCYTE"
    assert min(area, key=area.__getitem__) == "LYMPHOCYTE"
    assert share.pop("LYMPHOCYTE") > 0.6
    assert max(share.values()) < 0.5
    assert {kind for kind, drawn in cells.items() if "granules" in drawn[0].stains} == {"EOSINOPHIL"}

"""A saved network predicts what the trained one did, from uint8 images, in a process that knows only its layers."""

import keras
import numpy as np
import pytest

from bloodstudy import model
from bloodstudy.config.schema import Factors
from bloodstudy.training import evaluate
from bloodstudy.training.saved_model import save_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's own, as it reads its file


@pytest.mark.parametrize("level", [{"norm": "lrn"}, {"norm": "batch", "dropout": 0.5}, {"pooling": "strided"}])
def test_it_predicts_the_probabilities_of_the_network(tmp_path, level):
    factors = Factors(depth=2, image_size=(24, 32), precision="float32", colour="rgb", **level)
    network = model.build("reference", factors, (24, 32, 3), 5)
    images = np.random.default_rng(0).integers(0, 256, (7, 24, 32, 3)).astype("uint8")
    save_model(network, tmp_path / "model.keras")
    saved = keras.models.load_model(tmp_path / "model.keras")
    expected = evaluate.predict(network, images, lambda share: None)
    assert np.abs(saved.predict(images, verbose=0) - expected).max() < 1e-6

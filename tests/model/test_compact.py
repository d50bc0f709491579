"""The compact network, layer by layer, against the published figures."""

from bloodstudy.config.schema import Factors
from bloodstudy.model import build

NATIVE = Factors(
    dropout=0.4, conv_dropout=0.2, padding="valid", depth=6, norm="batch", colour="rgb", image_size=(200, 200),
    precision="float32",
)  # fmt: skip


def test_every_shape_and_parameter_count() -> None:
    model = build("compact", NATIVE, (200, 200, 3), 4)
    spatial = [layer for layer in model.layers if layer.name.startswith(("conv_", "pool_"))]
    assert [layer.output.shape[1] for layer in spatial] == [198, 99, 97, 48, 46, 23, 21, 10, 8, 4, 2, 1]
    assert [layer.output.shape[2] for layer in spatial] == [layer.output.shape[1] for layer in spatial]
    assert [layer.output.shape[3] for layer in spatial[::2]] == [16, 64, 64, 64, 64, 128]
    weighted = {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}
    assert weighted == {
        "conv_1": 448,
        "norm_1": 64,
        "conv_2": 9280,
        "conv_3": 36928,
        "conv_4": 36928,
        "conv_5": 36928,
        "conv_6": 73856,
        "dense_1": 16512,
        "dense_2": 8256,
        "logits": 260,
    }
    assert model.get_layer("head").output.shape == (None, 128)
    assert model.count_params() == 219_460
    assert sum(weight.size if hasattr(weight, "size") else 0 for weight in model.get_weights()) == 219_460
    assert sum(int(weight.numpy().size) for weight in model.trainable_weights) == 219_428
    assert sum(int(weight.numpy().size) for weight in model.non_trainable_weights) == 32


def test_norm_after_the_first_pooling_and_dropout_after_each_other_one() -> None:
    model = build("compact", NATIVE, (200, 200, 3), 4)
    order = [layer.name for layer in model.layers if not layer.name.startswith("relu")]
    expected = ["image", "rescale", "conv_1", "pool_1", "norm_1"]
    for index in range(2, 7):
        expected += [f"conv_{index}", f"pool_{index}", f"drop_{index}"]
    assert order == [*expected, "head", "dense_1", "dense_drop_1", "dense_2", "dense_drop_2", "logits"]
    rates = [layer.rate for layer in model.layers if "drop" in layer.name]
    assert [round(rate, 6) for rate in rates] == [0.2] * 5 + [0.4, 0.3]

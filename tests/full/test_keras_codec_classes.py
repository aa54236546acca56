"""The allow-list against the installed Keras: each class it offers is refused with a reason, or really crosses."""

import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from autograder.keras_codec import allow_list, models
from autograder.keras_codec.allow_list import KNOWN

layers, ops = keras.layers, keras.ops
Make = Callable[[], Any]

IMAGE, ROW, STEPS, VOLUME, FILM = (8, 8, 3), (4,), (6, 3), (6, 6, 6, 2), (3, 6, 6, 2)
# What the constructors can't do without.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "layers.Activation": {"activation": "relu"},
    "layers.AugMix": {"seed": 1},
    "layers.CategoryEncoding": {"num_tokens": 4},
    "layers.CenterCrop": {"height": 4, "width": 4},
    "layers.Dense": {"units": 3, "kernel_regularizer": "l2", "kernel_constraint": "max_norm"},
    "layers.Discretization": {"bin_boundaries": [0.2, 0.5]},
    "layers.Dot": {"axes": 1},
    "layers.EinsumDense": {"equation": "ab,bc->ac", "output_shape": 2},
    "layers.GaussianNoise": {"stddev": 0.5},
    "layers.GroupNormalization": {"groups": 1},
    "layers.GroupQueryAttention": {"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1},
    "layers.InputLayer": {"shape": ROW},
    "layers.IntegerLookup": {"vocabulary": [1, 2, 3]},
    "layers.MaxNumBoundingBoxes": {"max_number": 3},
    "layers.MelSpectrogram": {"fft_length": 16, "sequence_stride": 4, "sequence_length": 16, "num_mel_bins": 4},
    "layers.MultiHeadAttention": {"num_heads": 2, "key_dim": 2},
    "layers.Normalization": {"mean": [0.1, 0.2, 0.3, 0.4], "variance": [1.0, 2.0, 3.0, 4.0]},
    "layers.Permute": {"dims": (2, 1)},
    "layers.RandomColorJitter": {"value_range": (0, 1), "brightness_factor": 0.1},
    "layers.RandomCrop": {"height": 4, "width": 4},
    "layers.RandomPosterization": {"factor": 4},
    "layers.RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "layers.RandomZoom": {"height_factor": 0.1},
    "layers.RepeatVector": {"n": 2},
    "layers.Rescaling": {"scale": 0.5},
    "layers.Reshape": {"target_shape": (2, 2)},
    "layers.Resizing": {"height": 4, "width": 4},
    "layers.STFTSpectrogram": {"frame_length": 16, "frame_step": 4, "fft_length": 16, "window": None},
    "layers.StringLookup": {"vocabulary": ["a", "b"]},
    "layers.TextVectorization": {"vocabulary": ["a", "b"]},
    **{key: {"input_dim": 9, "output_dim": 2} for key in ("layers.Embedding", "layers.ReversibleEmbedding")},
    **{key: {"num_bins": 3} for key in ("layers.Hashing", "layers.HashedCrossing")},
    **{f"layers.{name}Dropout": {"rate": 0.5} for name in ("", "Alpha", "Gaussian")},
    **{f"layers.SpatialDropout{n}D": {"rate": 0.5} for n in (1, 2, 3)},
    **{f"layers.{kind}Pooling{n}D": {"pool_size": 2} for kind in ("Average", "Max") for n in (1, 2, 3)},
    **{f"layers.Adaptive{kind}Pooling{n}D": {"output_size": 2} for kind in ("Average", "Max") for n in (1, 2, 3)},
    **{f"layers.Random{name}": {"factor": 0.1} for name in ("Brightness", "Contrast", "Grayscale", "Hue", "Rotation")},
    **{f"layers.Random{name}": {"factor": 0.1} for name in ("ColorDegeneration", "Saturation", "Sharpness")},
    **{f"layers.{name}{cell}": {"units": 2} for name in ("GRU", "LSTM", "SimpleRNN") for cell in ("", "Cell")},
    **{f"layers.DepthwiseConv{n}D": {"kernel_size": 2} for n in (1, 2)},
    **{f"layers.{kind}{n}D": {"filters": 2, "kernel_size": 2} for kind in ("Conv", "ConvLSTM") for n in (1, 2, 3)},
    **{f"layers.SeparableConv{n}D": {"filters": 2, "kernel_size": 2} for n in (1, 2)},
    **{f"layers.Conv{n}DTranspose": {"filters": 2, "kernel_size": 2} for n in (1, 2, 3)},
    "initializers.Constant": {"value": 0.5},
    "initializers.STFT": {"side": "real", "window": None},
    "losses.CategoricalGeneralizedCrossEntropy": {"q": 0.5},
    "metrics.BinaryIoU": {"target_class_ids": [1]},
    "metrics.MeanMetricWrapper": {"fn": keras.losses.mean_squared_error},
    "metrics.PrecisionAtRecall": {"recall": 0.5},
    "metrics.RecallAtPrecision": {"precision": 0.5},
    "metrics.SensitivityAtSpecificity": {"specificity": 0.5},
    "metrics.SpecificityAtSensitivity": {"sensitivity": 0.5},
    **{key: {"num_classes": 3, "target_class_ids": [1]} for key in ("metrics.IoU", "metrics.OneHotIoU")},
    **{key: {"num_classes": 3} for key in ("metrics.MeanIoU", "metrics.OneHotMeanIoU")},
    "optimizers.schedules.CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 5},
    "optimizers.schedules.PiecewiseConstantDecay": {"boundaries": [2], "values": [0.1, 0.01]},
    **{
        f"optimizers.schedules.{name}Decay": {"initial_learning_rate": 0.1, "decay_steps": 5}
        for name in ("Cosine", "Polynomial")
    },
    **{
        f"optimizers.schedules.{name}Decay": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.9}
        for name in ("Exponential", "InverseTime")
    },
    **{key: {"name": "mixed_bfloat16"} for key in ("dtype_policies.DTypePolicy", "dtype_policies.FloatDTypePolicy")},
}
# What is made of other objects.
COMPOSED: dict[str, Make] = {
    "layers.Bidirectional": lambda: layers.Bidirectional(layers.LSTM(2)),
    "layers.Pipeline": lambda: layers.Pipeline([layers.Rescaling(0.5)]),
    "layers.RNN": lambda: layers.RNN([layers.GRUCell(2), layers.LSTMCell(2)]),
    "layers.StackedRNNCells": lambda: layers.StackedRNNCells([layers.GRUCell(2)]),
    "layers.SpectralNormalization": lambda: layers.SpectralNormalization(layers.Dense(2)),
    "layers.TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(2)),
    "optimizers.LossScaleOptimizer": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
}
SHAPES: dict[str, list[tuple[int, ...]]] = {
    **{f"layers.{name}": [ROW, ROW] for name in ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum")},
    **{key: [ROW, ROW] for key in ("layers.Multiply", "layers.Subtract")},
    **{f"layers.{name}Attention": [STEPS, STEPS] for name in ("", "Additive", "GroupQuery", "MultiHead")},
    "layers.STFTSpectrogram": [(64, 1)],
    "layers.ConvLSTM1D": [(3, 6, 2)],
    "layers.ConvLSTM2D": [FILM],
    "layers.ConvLSTM3D": [(3, 4, 4, 4, 2)],
    "layers.HashedCrossing": [(), ()],
    "layers.MaxNumBoundingBoxes": [(5, 4)],
}
STRINGS = {"layers.StringLookup": (), "layers.TextVectorization": (1,)}
INTEGERS = {"layers.IntegerLookup", "layers.Embedding", "layers.ReversibleEmbedding", "layers.CategoryEncoding"}
INTEGERS |= {"layers.Hashing", "layers.HashedCrossing"}
SEPARATE = {"layers.GroupQueryAttention", "layers.MultiHeadAttention"}  # take their inputs as several arguments
# Keras's own trouble: can't stand in a model, or can't be made without SciPy or bounding boxes.
UNBUILDABLE = {
    "layers.MelSpectrogram",
    "layers.Equalization",
    "layers.MaxNumBoundingBoxes",
    "layers.CutMix",
    "layers.MixUp",
}


def of(*namespaces: str) -> list[str]:
    """Short names of the allowed classes there."""
    offered = allow_list.offered()
    return sorted(s for s in offered if s.rpartition(".")[0] in namespaces and s not in allow_list.DENIED)


def make(short: str) -> Any:
    if short in COMPOSED:
        return COMPOSED[short]()
    return allow_list.offered()[short][1](**ARGUMENTS.get(short, {}))


def across(model: Any) -> Any:
    description, arrays = models.describe(model)
    return models.rebuild(json.loads(json.dumps(description)), arrays, models.Budget())


def model_with(short: str) -> tuple[Any, list[Any]]:
    """A model of that one layer, and inputs for it."""
    dtype = "string" if short in STRINGS else "int32" if short in INTEGERS else "float32"
    for shape in [STRINGS[short]] if short in STRINGS else [IMAGE, ROW, STEPS, VOLUME]:
        layer = make(short)
        if short.endswith("Cell") or short.endswith("RNNCells"):
            layer, shape = layers.RNN(layer), STEPS
        inputs = [keras.Input(s, batch_size=2, dtype=dtype) for s in SHAPES.get(short, [shape])]
        one = inputs[0] if len(inputs) == 1 else inputs
        try:
            model = keras.Model(inputs, layer(*inputs) if short in SEPARATE else layer(one))
            x = [values(i.shape, dtype) for i in inputs]
            model(x)
        except Exception as error:
            failed = error
            continue
        return model, x
    raise failed


def values(shape: tuple[int, ...], dtype: str) -> Any:
    if dtype == "string":
        return tf.fill(shape, "b")
    draw = np.random.default_rng(0)
    return draw.integers(0, 4, shape).astype(dtype) if dtype == "int32" else draw.uniform(0, 1, shape).astype(dtype)


def test_every_class_that_keras_offers_is_allowed_or_refused_with_a_reason() -> None:
    known = {f"{namespace}.{name}" for namespace, names in KNOWN.items() for name in names.split()}
    assert allow_list.offered().keys() == known | allow_list.DENIED.keys()
    assert not known & allow_list.DENIED.keys()
    assert all(": " in reason for reason in allow_list.DENIED.values())


def test_a_class_that_nobody_looked_at_cannot_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KNOWN, "layers", KNOWN["layers"].replace("Rescaling", ""))
    allow_list.allowed.cache_clear()
    allow_list.denied.cache_clear()
    try:
        with pytest.raises(models.ModelError, match="a Rescaling: it is new in Keras"):
            across(keras.Sequential([layers.Rescaling(2.0)]))
    finally:
        allow_list.allowed.cache_clear()
        allow_list.denied.cache_clear()


@pytest.mark.parametrize("short", sorted(set(of("layers")) - UNBUILDABLE - {"layers.InputLayer"}))
def test_a_layer_crosses(short: str) -> None:
    model, x = model_with(short)
    again = across(model)
    for expected, received in zip(keras.tree.flatten(model(x)), keras.tree.flatten(again(x)), strict=True):
        assert expected.shape == received.shape
        if short != "layers.AugMix":  # draws anew at each call
            np.testing.assert_array_equal(expected, received)


SQUARE, PAIR = (4, 4), ((4, 4), (4, 4))
# Operations that need arguments: how they are called on inputs of these shapes.
CALLS: dict[str, tuple[Callable[..., Any], tuple[tuple[int, ...], ...]]] = {
    "core.Cast": (lambda x: ops.cast(x, "int32"), (SQUARE,)),
    "core.SaturateCast": (lambda x: ops.saturate_cast(x, "int8"), (SQUARE,)),
    "core.ScatterUpdate": (lambda x: ops.scatter_update(x, [[0, 0, 1]], np.ones(1, "float32")), (SQUARE,)),
    "core.Slice": (lambda x: ops.slice(x, [0, 1, 1], [2, 2, 2]), (SQUARE,)),
    "core.SliceUpdate": (lambda x: ops.slice_update(x, [0, 1, 1], np.ones((1, 2, 2), "float32")), (SQUARE,)),
    "einops.Rearrange": (lambda x: ops.rearrange(x, "b h w -> b (h w)"), (SQUARE,)),
    "image.AffineTransform": (lambda x: ops.image.affine_transform(x, np.eye(8, dtype="float32")[:2]), (IMAGE,)),
    "image.CropImages": (lambda x: ops.image.crop_images(x, 1, 1, 4, 4), (IMAGE,)),
    "image.ExtractPatches": (lambda x: ops.image.extract_patches(x, (2, 2)), (IMAGE,)),
    "image.PadImages": (lambda x: ops.image.pad_images(x, 1, 1, 12, 12), (IMAGE,)),
    "image.Resize": (lambda x: ops.image.resize(x, (4, 4)), (IMAGE,)),
    "image.SSIM": (lambda x, y: ops.image.ssim(x, y, 1.0, filter_size=3), (IMAGE, IMAGE)),
    "linalg.Cholesky": (
        lambda x: ops.linalg.cholesky(ops.matmul(x, ops.transpose(x, (0, 2, 1))) + np.eye(4)),
        (SQUARE,),
    ),
    "math.ExtractSequences": (lambda x: ops.extract_sequences(x, 4, 2), ((16,),)),
    "math.FFT": (lambda x, y: ops.fft((x, y)), PAIR),
    "math.FFT2": (lambda x, y: ops.fft2((x, y)), PAIR),
    "math.IFFT2": (lambda x, y: ops.ifft2((x, y)), PAIR),
    "math.IRFFT": (lambda x, y: ops.irfft((x, y)), PAIR),
    "math.STFT": (lambda x: ops.stft(x, 8, 4, 8, window=None), ((16,),)),
    "math.ISTFT": (lambda x, y: ops.istft((x, y), 8, 4, 8, window=None), ((3, 5), (3, 5))),
    "math.InTopK": (lambda x: ops.in_top_k(np.array([0, 1]), x, 2), (ROW,)),
    **{
        f"math.Segment{name.title()}": (lambda x, f=f"segment_{name}": getattr(ops, f)(x, np.array([0, 1]), 2), (ROW,))
        for name in ("sum", "max", "min", "prod")
    },
    "math.TopK": (lambda x: ops.top_k(x, 2), (ROW,)),
    "nn.AveragePool": (lambda x: ops.average_pool(x, 2), (IMAGE,)),
    "nn.MaxPool": (lambda x: ops.max_pool(x, 2), (IMAGE,)),
    "nn.BatchNorm": (lambda x: ops.batch_normalization(x, np.zeros(4, "float32"), np.ones(4, "float32"), -1), (ROW,)),
    "nn.SeparableConv": (
        lambda x: ops.separable_conv(x, np.ones((2, 2, 3, 1), "float32"), np.ones((1, 1, 3, 2), "float32")),
        (IMAGE,),
    ),
    "nn.DepthToSpace": (lambda x: ops.depth_to_space(x, 2), ((4, 4, 4),)),
    "nn.SpaceToDepth": (lambda x: ops.space_to_depth(x, 2), ((4, 4, 4),)),
    "nn.Moments": (lambda x: ops.moments(x, axes=[1]), (SQUARE,)),
    "nn.MultiHot": (lambda x: ops.multi_hot(ops.cast(x, "int32"), 4), (ROW,)),
    "nn.OneHot": (lambda x: ops.one_hot(ops.cast(x, "int32"), 4), (ROW,)),
    "nn.PSNR": (lambda x, y: ops.psnr(x, y, 1.0), PAIR),
    "nn.SparseCategoricalCrossentropy": (lambda x: ops.sparse_categorical_crossentropy(np.array([0, 1]), x), (ROW,)),
    "nn.Threshold": (lambda x: ops.threshold(x, 0.5, 0.0), (ROW,)),
    "nn.Unfold": (lambda x: ops.unfold(x, 2), ((3, 8, 8),)),
    "numpy.ArraySplit": (lambda x: ops.array_split(x, 2, axis=1), (SQUARE,)),
    "numpy.BroadcastTo": (lambda x: ops.broadcast_to(x, (3, 2, 4)), (ROW,)),
    "numpy.Clip": (lambda x: ops.clip(x, 0.2, 0.5), (ROW,)),
    "numpy.Concatenate": (lambda x, y: ops.concatenate([x, y], axis=1), PAIR),
    "numpy.Digitize": (lambda x: ops.digitize(x, np.array([0.2, 0.5], "float32")), (ROW,)),
    "numpy.Dsplit": (lambda x: ops.dsplit(x, 2), (SQUARE,)),
    "numpy.Dstack": (lambda x, y: ops.dstack([x, y]), PAIR),
    "numpy.Einsum": (lambda x, y: ops.einsum("bij,bjk->bik", x, y), PAIR),
    "numpy.GetItem": (lambda x: x[..., 1:3], (SQUARE,)),
    "numpy.Hsplit": (lambda x: ops.hsplit(x, 2), (SQUARE,)),
    "numpy.Hstack": (lambda x, y: ops.hstack([x, y]), PAIR),
    "numpy.Moveaxis": (lambda x: ops.moveaxis(x, 1, 2), (SQUARE,)),
    "numpy.Pad": (lambda x: ops.pad(x, ((0, 0), (1, 1))), (ROW,)),
    "numpy.Repeat": (lambda x: ops.repeat(x, 2, axis=1), (ROW,)),
    "numpy.Reshape": (lambda x: ops.reshape(x, (2, 16)), (SQUARE,)),
    "numpy.Roll": (lambda x: ops.roll(x, 1), (ROW,)),
    "numpy.SearchSorted": (lambda x: ops.searchsorted(np.array([0.2, 0.5], "float32"), ops.reshape(x, (8,))), (ROW,)),
    "numpy.Select": (lambda x, y: ops.select([x > 0.5, y > 0.5], [x, y]), PAIR),
    "numpy.Split": (lambda x: ops.split(x, 2, axis=1), (SQUARE,)),
    "numpy.Stack": (lambda x, y: ops.stack([x, y]), PAIR),
    "numpy.Swapaxes": (lambda x: ops.swapaxes(x, 1, 2), (SQUARE,)),
    "numpy.Tile": (lambda x: ops.tile(x, (1, 2)), (ROW,)),
    "numpy.Vsplit": (lambda x: ops.vsplit(x, 2), (SQUARE,)),
    "numpy.Vstack": (lambda x, y: ops.vstack([x, y]), PAIR),
}
# Keras has no symbolic form of these, or its own configuration of them can't be read back.
NOT_IN_A_MODEL = {
    *("core.Scatter", "image.ElasticTransform", "image.MapCoordinates", "image.PerspectiveTransform"),
    *("image.ScaleAndTranslate", "nn.CTCDecode", "nn.CTCLoss", "nn.Fold", "numpy.Arange", "numpy.Correlate"),
    *("numpy.Full", "numpy.Histogram", "numpy.UnravelIndex", "linalg.LuFactor", "math.ViewAsComplex"),
    *("numpy.Argpartition", "nn.ConvTranspose"),
}


def operation_model(short: str) -> tuple[Any, list[Any]]:
    """A model of that one operation, and inputs for it; those without arguments are tried on what may fit."""
    name = short.removeprefix("ops.")
    kind = allow_list.offered()[short][1]
    if name in CALLS:
        call, shapes = CALLS[name]
        inputs = [keras.Input(shape, batch_size=2) for shape in shapes]
        return keras.Model(inputs, call(*inputs)), [values(i.shape, "float32") for i in inputs]
    for arguments in ({}, {"axis": 1}, {"axis": 0}):
        for count in (1, 2, 3):
            for shape in (SQUARE, ROW, IMAGE):
                for dtype in ("float32", "int32", "bool"):
                    inputs = [keras.Input(shape, batch_size=2, dtype=dtype) for _ in range(count)]
                    x = [values(i.shape, "float32" if dtype == "float32" else "int32").astype(dtype) for i in inputs]
                    try:
                        model = keras.Model(inputs, kind(**arguments)(*inputs))
                        model(x)
                    except Exception:
                        continue
                    return model, x
    raise ValueError(f"no call of {short} is known: add one to CALLS")


@pytest.mark.parametrize("short", [s for s in of(*allow_list.OPERATIONS) if s[4:] not in NOT_IN_A_MODEL])
def test_an_operation_crosses(short: str) -> None:
    model, x = operation_model(short)
    again = across(model)
    for expected, received in zip(keras.tree.flatten(model(x)), keras.tree.flatten(again(x)), strict=True):
        np.testing.assert_array_equal(expected, received)


def dense(**arguments: Any) -> Any:
    return keras.Sequential([keras.Input(ROW), layers.Dense(3, **arguments)])


def compiled(**arguments: Any) -> Any:
    model = dense()
    model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    return model


def config_of(value: Any) -> Any:
    return keras.saving.serialize_keras_object(value)


@pytest.mark.parametrize("short", of("initializers"))
def test_an_initializer_crosses(short: str) -> None:
    layer = across(keras.Sequential([layers.Dense(3, kernel_initializer=make(short))])).layers[0]
    assert config_of(layer.kernel_initializer) == config_of(make(short))


@pytest.mark.parametrize("short", of("regularizers", "constraints"))
def test_a_regularizer_or_constraint_crosses(short: str) -> None:
    argument = "kernel_regularizer" if "regularizers" in short else "kernel_constraint"
    layer = across(dense(**{argument: make(short)})).layers[0]
    assert config_of(getattr(layer, argument)) == config_of(make(short))


@pytest.mark.parametrize("short", of("dtype_policies"))
def test_a_dtype_policy_crosses(short: str) -> None:
    assert across(dense(dtype=make(short))).layers[0].dtype_policy == make(short)


@pytest.mark.parametrize("short", of("losses"))
def test_a_loss_crosses(short: str) -> None:
    model = compiled(loss=make(short))
    assert config_of(across(model).loss) == config_of(model.loss)


@pytest.mark.parametrize("name", sorted(allow_list.functions()))
def test_a_function_of_keras_crosses_as_itself(name: str) -> None:
    for namespace in allow_list.FUNCTIONS:
        function = getattr(getattr(keras, namespace), name, None)
        if function is None:
            continue
        if namespace == "activations":
            assert across(dense(activation=function)).layers[0].activation is function
        else:
            assert across(compiled(loss=function)).loss is function


@pytest.mark.parametrize("short", of("metrics"))
def test_a_metric_crosses(short: str) -> None:
    model = compiled(metrics=[make(short)])
    before, after = (m._compile_config.config["metrics"][0] for m in (model, across(model)))
    assert type(after) is type(before)
    assert after.get_config() == before.get_config()


@pytest.mark.parametrize("short", of("optimizers", "optimizers.schedules"))
def test_an_optimizer_continues_where_it_was(short: str) -> None:
    made = make(short)
    model = compiled(optimizer=keras.optimizers.Adam(made) if "schedules" in short else made)
    x, y = values((8, 4), "float32"), values((8, 3), "float32")
    model.fit(x, y, epochs=2, verbose=0)
    again = across(model)
    model.fit(x, y, verbose=0, shuffle=False)
    again.fit(x, y, verbose=0, shuffle=False)
    for expected, received in zip(model.weights, again.weights, strict=True):
        np.testing.assert_allclose(expected, received, rtol=1e-6)


def test_every_allowed_class_is_tried_here() -> None:
    tried = {"initializers", "regularizers", "constraints", "dtype_policies", "losses", "metrics"}
    tried |= {"optimizers", "optimizers.schedules", "layers", *allow_list.OPERATIONS, "random"}
    assert tried >= {short.rpartition(".")[0] for short in of(*allow_list.NAMESPACES, *allow_list.OPERATIONS)}

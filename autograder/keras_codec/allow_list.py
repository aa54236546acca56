"""Which of Keras's classes and functions may cross: those of `KNOWN`, as the installed Keras offers them.

Nothing here depends on what was sent. Of the others, this says why they can't cross and what to use instead.
"""

import functools
import importlib
import inspect
import sys
import types
from typing import Any

from autograder.common.language import english

KNOWN: dict[str, str] = {
    "layers": (
        "Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
        "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention "
        "AugMix AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization "
        "Bidirectional CategoryEncoding CenterCrop Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D "
        "Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D "
        "Cropping2D Cropping3D CutMix Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU "
        "EinsumDense Embedding Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D "
        "GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D "
        "GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM "
        "LSTMCell LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes MaxPooling1D MaxPooling2D MaxPooling3D "
        "Maximum MelSpectrogram Minimum MixUp MultiHeadAttention Multiply Normalization PReLU Permute Pipeline "
        "RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast "
        "RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHue "
        "RandomInvert RandomPerspective RandomPosterization RandomRotation RandomSaturation RandomSharpness "
        "RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding "
        "STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax Solarization "
        "SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup "
        "Subtract TextVectorization TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D "
        "ZeroPadding1D ZeroPadding2D ZeroPadding3D"
    ),
    "initializers": (
        "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal "
        "RandomNormal RandomUniform STFT TruncatedNormal VarianceScaling Zeros"
    ),
    "regularizers": "L1 L1L2 L2 OrthogonalRegularizer",
    "constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
    "losses": (
        "BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy "
        "CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence "
        "LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson "
        "SparseCategoricalCrossentropy SquaredHinge Tversky"
    ),
    "metrics": (
        "AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy "
        "CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives "
        "Hinge IoU KLDivergence LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU "
        "MeanMetricWrapper MeanSquaredError MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU PearsonCorrelation "
        "Poisson Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError "
        "SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy "
        "SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum TopKCategoricalAccuracy "
        "TrueNegatives TruePositives"
    ),
    "optimizers": (
        "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam RMSprop SGD "
        "ScheduleFreeAdamW"
    ),
    "optimizers.schedules": (
        "CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay"
    ),
    "dtype_policies": "DTypePolicy FloatDTypePolicy",
    "random": "SeedGenerator",
    "ops.core": "Cast ConvertToTensor SaturateCast Scatter ScatterUpdate Slice SliceUpdate StopGradient Unstack",
    "ops.einops": "Rearrange",
    "ops.image": (
        "AffineTransform CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB MapCoordinates PadImages "
        "PerspectiveTransform RGBToGrayscale RGBToHSV Resize SSIM ScaleAndTranslate SobelEdges"
    ),
    "ops.linalg": (
        "Cholesky CholeskyInverse Det Eig Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr SVD Solve SolveTriangular"
    ),
    "ops.math": (
        "CDist Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK Logdet Logsumexp RFFT Rsqrt STFT "
        "SegmentMax SegmentMin SegmentProd SegmentSum TopK ViewAsComplex ViewAsReal"
    ),
    "ops.nn": (
        "AveragePool BatchNorm BinaryCrossentropy CTCDecode CTCLoss "
        "CategoricalCrossentropy Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold Gelu "
        "Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool Moments "
        "MultiHot Normalize OneHot PSNR Polar RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink Softmax "
        "Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid Sparsemax Squareplus "
        "TanhShrink Threshold Unfold"
    ),
    "ops.numpy": (
        "Abs Absolute Add All AllClose Amax Amin Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 "
        "Arctanh Argmax Argmin Argpartition Argsort Array ArraySplit Average Bincount BitwiseAnd BitwiseInvert "
        "BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo Cbrt Ceil Clip Concatenate "
        "Conj Conjugate Copy Corrcoef Correlate Cos Cosh CountNonzero Cross Cumprod Cumsum Deg2rad Diag Diagflat "
        "Diagonal Diff Digitize Divide DivideNoNan Dot Dsplit Dstack Einsum EmptyLike Equal Exp Exp2 ExpandDims Expm1 "
        "Fabs Flip Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Full FullLike Gcd Geomspace GetItem Greater "
        "GreaterEqual Heaviside Histogram Hsplit Hstack Hypot I0 Imag Inner IsIn Isclose Isfinite Isinf Isnan "
        "Isneginf Isposinf Isreal Kron Lcm Ldexp LeftShift Less LessEqual Linspace Log Log10 Log1p Log2 Logaddexp "
        "Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Logspace Matmul Max Maximum Mean Median Meshgrid Min "
        "Minimum Mod Moveaxis Multiply NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian "
        "Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero NotEqual "
        "OnesLike Outer Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real Reciprocal Repeat Reshape "
        "RightShift Roll Rot90 Round SearchSorted Select Sign Signbit Sin Sinc Sinh Size Slogdet Sort Split Sqrt "
        "Square Squeeze Stack Std Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot Tile Trace Transpose "
        "Trapezoid Tril Triu TrueDivide Trunc Unique UnravelIndex Vander Var Vdot View Vsplit Vstack Where ZerosLike"
    ),
    "activations.activations": "Mish ReLU",
}


NAMESPACES = (
    *("layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers"),
    *("optimizers.schedules", "dtype_policies", "quantizers", "random"),
)
OPERATIONS = (
    *("ops.core", "ops.einops", "ops.image", "ops.linalg", "ops.math", "ops.nn", "ops.numpy"),
    "activations.activations",
)
FUNCTIONS = ("activations", "losses", "metrics")

_CODE = english("it runs code of its own: use Rescaling, Keras's other layers or a keras.ops operation instead")
_OTHER = english("it holds a model of another framework: build it with Keras's own layers")
_FUNCTION = english("it calls a function: write the calculation with other keras.ops operations")
_BASE = english("it is a base class: use one of its subclasses in Keras")
_LAYERS = english("it refers to layers from outside of the model: use one optimizer for all of it")
_QUANTIZED = english("quantized models can't cross: send the model as it was before `quantize`")
_PATTERNS = english("its keys are regular expressions: give each layer its own `dtype`")
_UNREADABLE = english(
    "Keras can't read its configuration back: use the layers AdaptiveAveragePooling2D, AdaptiveMaxPooling2D"
)
_NEW = english("it is new in Keras and has not been looked at: use an older one, or ask for it")

DENIED: dict[str, str] = {
    "layers.Lambda": _CODE,
    "layers.TFSMLayer": english("it reads a saved model from a file: build the model with Keras's layers"),
    "layers.TorchModuleWrapper": _OTHER,
    "layers.JaxLayer": _OTHER,
    "layers.FlaxLayer": _OTHER,
    "layers.InputSpec": english("it is a description of inputs, no layer: use `keras.Input`"),
    **dict.fromkeys(("layers.Layer", "layers.Wrapper", "initializers.Initializer", "regularizers.Regularizer"), _BASE),
    **dict.fromkeys(("constraints.Constraint", "losses.Loss", "metrics.Metric", "optimizers.Optimizer"), _BASE),
    **dict.fromkeys(("optimizers.schedules.LearningRateSchedule", "ops.math.SegmentReduction"), _BASE),
    **dict.fromkeys(("optimizers.MultiOptimizer", "optimizers.OptimizerMap"), _LAYERS),
    "dtype_policies.DTypePolicyMap": _PATTERNS,
    **dict.fromkeys(
        [
            *("dtype_policies.AWQDTypePolicy", "dtype_policies.GPTQDTypePolicy", "dtype_policies.Int4DTypePolicy"),
            *("dtype_policies.QuantizedDTypePolicy", "dtype_policies.QuantizedFloat8DTypePolicy"),
            *("quantizers.AWQConfig", "quantizers.GPTQConfig", "quantizers.Float8QuantizationConfig"),
            *(
                "quantizers.Int4QuantizationConfig",
                "quantizers.Int8QuantizationConfig",
                "quantizers.QuantizationConfig",
            ),
            *("quantizers.AbsMaxQuantizer", "quantizers.Quantizer"),
        ],
        _QUANTIZED,
    ),
    **dict.fromkeys(("ops.core.Map", "ops.core.Scan", "ops.core.AssociativeScan", "ops.core.Switch"), _FUNCTION),
    **dict.fromkeys(("ops.core.WhileLoop", "ops.core.ForiLoop", "ops.core.Cond", "ops.core.VectorizedMap"), _FUNCTION),
    "ops.linalg.JVP": _FUNCTION,
    "ops.nn.AdaptiveAveragePool": _UNREADABLE,
    "ops.nn.AdaptiveMaxPool": _UNREADABLE,
}

Key = tuple[str, str]  # module and class_name, as Keras writes them


def _keras() -> Any:
    return importlib.import_module("keras")


def _named(symbol: Any) -> str | None:
    """The name under which Keras publishes `symbol`, as `keras.layers.Dense`; None for what isn't Keras's."""
    name = importlib.import_module("keras.src.api_export").get_name_from_symbol(symbol)
    return name if isinstance(name, str) else None


@functools.cache
def offered() -> dict[str, tuple[Key, type]]:
    """All classes that Keras offers where we look, by their short name: `layers.Dense`, `ops.numpy.Matmul`."""
    found: dict[str, tuple[Key, type]] = {}
    for namespace in NAMESPACES:
        for value in vars(functools.reduce(getattr, namespace.split("."), _keras())).values():
            name = _named(value) if inspect.isclass(value) else None
            if name is not None:
                module, _, class_name = name.rpartition(".")
                short = f"{namespace}.{class_name}"
                found.setdefault(short, ((module, class_name), value))
    operation = _keras().Operation
    for part in OPERATIONS:
        path = f"keras.src.{part}"
        for value in vars(importlib.import_module(path)).values():
            if inspect.isclass(value) and issubclass(value, operation) and value.__module__ == path:
                found[f"{part}.{value.__name__}"] = ((path, value.__name__), value)
    return found


def is_known(short: str) -> bool:
    """Whether the class of that short name may cross."""
    namespace, _, name = short.rpartition(".")
    return short not in DENIED and name in KNOWN.get(namespace, "").split()


def model_classes() -> dict[Key, type]:
    """The two kinds of model that can cross."""
    functional = importlib.import_module("keras.src.models.functional").Functional
    return {("keras", "Sequential"): _keras().Sequential, (functional.__module__, "Functional"): functional}


@functools.cache
def allowed() -> dict[Key, type]:
    """The classes that may stand in a description."""
    return {
        **model_classes(),
        **{key: value for short, (key, value) in offered().items() if is_known(short)},
    }


@functools.cache
def denied() -> dict[Key, str]:
    """The classes of Keras that may not, and what to use instead."""
    return {key: DENIED.get(short, _NEW) for short, (key, _) in offered().items() if not is_known(short)}


def refusal(kind: type) -> str | None:
    """Why layers of that class can't cross, or None. A Reader decides; this is to tell the sender in time."""
    for short, (_, value) in offered().items():
        if value is kind:
            return None if is_known(short) else DENIED.get(short, _NEW)
    if kind.__module__.startswith("keras.src."):  # a layer's own part, as the cell of ConvLSTM2D
        return None
    return english("a class of your own can't cross: use Keras's own layers or keras.ops operations instead")


@functools.cache
def functions() -> frozenset[str]:
    """Names of the functions that may stand in a description: activations, losses and metrics."""
    names: set[str] = set()
    for namespace in FUNCTIONS:
        module = getattr(_keras(), namespace)
        names |= {name for name, value in vars(module).items() if is_function(value)}
    return frozenset(names - {"get", "serialize", "deserialize"})


def is_function(value: Any) -> bool:
    """Whether `value` is one of Keras's own public functions, not one of the same name."""
    return isinstance(value, types.FunctionType) and (_named(value) or "").startswith("keras.")


_OF_TENSORFLOW = (
    "relu relu6 elu selu sigmoid tanh softmax softplus softsign gelu silu swish log_softmax leaky_relu"
).split()


def of_tensorflow(function: Any) -> Any:
    """Keras's activation that computes the same as this function of `tf.nn`, or None."""
    nn = getattr(sys.modules.get("tensorflow"), "nn", None)
    for name in _OF_TENSORFLOW if nn is not None and isinstance(function, types.FunctionType) else ():
        if getattr(nn, name, None) is function:
            return getattr(_keras().activations, name, None)
    return None


def is_layer(kind: type) -> bool:
    """Whether a class is of something that stands in a model's graph."""
    return issubclass(kind, _keras().Operation)

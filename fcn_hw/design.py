"""The schema of ``design.yaml``: data set, network, precision, training, HLS, regression.

Every section refuses unknown keys. The HLS section keeps hls4ml's key names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Union, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core.core_schema import ValidationInfo

from fcn_hw.errors import ConfigError
from fcn_hw.fixed import FixedFormat, parse_format
from fcn_hw.names import graph_refusal
from fcn_hw.scaling import Scaling, scaling_of

INPUT_FORMAT: FixedFormat = parse_format("ufixed<8,0>")
"""Raw image bytes: the network sees ``byte / 256``, unless ``dataset.input`` says otherwise."""


def _no_flag(value: object) -> object:
    """True equals 1, also where 1 is one of the values that a key has."""
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {value}")
    return value


class Section(BaseModel):
    """A part of a design: immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _texts(value: object) -> object:
    """Numbers as they are written, one or a list, as texts."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return tuple(str(_no_flag(item)) for item in items)


Numbers = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class InputScaling(Section):
    """What the network is given for a byte: ``byte * scale + offset``."""

    scale: Numbers = ("1/256",)
    """A decimal or a fraction of decimals, as ``1/255``; or a list, one for each channel."""
    offset: Numbers = ("0",)
    """As ``scale``."""

    @model_validator(mode="after")
    def _are_numbers(self) -> InputScaling:
        try:
            self.of_bytes()
        except ConfigError as error:
            raise ValueError(error.message) from error
        return self

    def of_bytes(self) -> Scaling | None:
        """The scaling, or None where it is that of ``INPUT_FORMAT``."""
        return scaling_of(INPUT_FORMAT, self.scale, self.offset, names=("scale", "offset"))


class DatasetBase(Section):
    """Fields that all data sets share; sizes in pixels."""

    input: InputScaling = InputScaling()
    """What the network is given for a byte."""

    height: int = Field(ge=8, le=2160)
    """Of the frame that the network reads; any size, also one that is no multiple of the stride."""
    width: int = Field(ge=8, le=4096)
    """As ``height``."""


class DigitScenes(DatasetBase):
    """Handwritten digits on cluttered backgrounds, made in memory; 11 classes, 0 is background."""

    n_classes: ClassVar[int] = 11
    kind: Literal["digit_scenes"]
    """Which data set."""
    height: int = Field(default=64, ge=8, le=2160)
    width: int = Field(default=96, ge=8, le=4096)
    train_images: int = Field(default=1200, ge=1)
    """Scenes to train on."""
    val_images: int = Field(default=200, ge=1)
    """Scenes to validate on; all of them go through the C simulation."""
    seed: int = Field(default=1, ge=0)
    """Another seed makes other scenes."""
    mnist: str | None = None
    """Folder of MNIST idx files (.gz or not) to draw digits from instead of ``load_digits``."""


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f"'{name}' is there twice")
    return names


class FolderDataset(DatasetBase):
    path: str | None = None
    """Root folder; a relative one is taken below ``FCN_HW_DATA``; default: the data set's name."""
    fit: Literal["resize", "crop", "pad"] = "resize"
    """How an image of another size gets (height, width): stretched; or in its own aspect, the
    centre that fills the frame (crop) or the whole with a border of void (pad)."""
    train_limit: int | None = Field(default=None, ge=1)
    """At most so many images, spread evenly over the list."""
    val_limit: int | None = Field(default=None, ge=1)
    """As ``train_limit``, for validation."""


class CamVid(FolderDataset):
    """CamVid in SegNet's 11 classes: ``train.txt``/``val.txt`` of "image mask"; 11 is void."""

    n_classes: ClassVar[int] = 11
    kind: Literal["camvid"]
    """Which data set."""
    held_out: tuple[str, ...] = ()
    """Sequences of ``train.txt`` to test on instead: ``0001TP``, ``0006R0`` or ``0016E5``.
    The validation split is a part of the drive ``0016E5``, most of which is trained on."""


VocClass = Literal[
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
]  # fmt: skip
"""In the order of the values of VOC's masks."""


class Voc(FolderDataset):
    """PASCAL VOC folder layout: 21 classes, palette masks, 255 is void."""

    kind: Literal["voc"]
    """Which data set."""
    train_list: str = "train"
    """The list to train on: its name in ``ImageSets/Segmentation``, without ``.txt``."""
    val_list: str = "val"
    """As ``train_list``, for validation."""
    classes: Annotated[tuple[VocClass, ...], AfterValidator(_distinct)] = Field(
        default=get_args(VocClass), min_length=2
    )
    """Those that are learned and judged; pixels of the others are void."""

    @property
    def n_classes(self) -> int:
        """As the other data sets have it."""
        return len(self.classes)


class Mnist(Section):
    """MNIST's idx files: one digit an image, 10 classes; judged by accuracy.

    The ``test`` split is the 10,000 images of ``t10k``, which no choice is made by.
    """

    n_classes: ClassVar[int] = 10
    kind: Literal["mnist"]
    """Which data set."""
    input: InputScaling = InputScaling()
    """What the network is given for a byte."""
    height: int = Field(default=28, ge=28, le=28)
    """Of the images; they have one size."""
    width: int = Field(default=28, ge=28, le=28)
    """As ``height``."""
    path: str | None = None
    """Folder of the idx files, .gz or not; relative below ``FCN_HW_DATA``; default ``mnist``."""
    val_images: int = Field(default=5000, ge=1)
    """The last so many of the 60,000 training images are for validation."""
    train_limit: int | None = Field(default=None, ge=1)
    """At most so many of the others to train on."""


def _number_or_list(value: object) -> str:
    """Which member of the union a value is meant to be: one clear error instead of one a member."""
    return "list" if isinstance(value, (list, tuple)) else "number"


Byte = Annotated[int, Field(ge=0, le=255)]
MaskValue = Annotated[
    Union[Annotated[Byte, Tag("number")], Annotated[tuple[Byte, Byte, Byte], Tag("list")]],
    Discriminator(_number_or_list),
]


class MaskEncoding(Section):
    """What the files of masks hold in place of class indices.

    Masks of 0 and 255: ``{values: [0, 255]}``. Masks in colour: ``{values: [[0, 0, 0],
    [128, 0, 0]]}``, with red, green and blue of each class. Indices in one channel of an RGB file:
    ``{channel: red}``.
    """

    values: tuple[MaskValue, ...] | None = Field(default=None, min_length=2, max_length=256)
    """Grey value or [red, green, blue] of each class, in the order of ``classes``; left out, values
    are class indices."""
    channel: Literal["red", "green", "blue"] | None = None
    """The channel of an RGB file that holds the values."""
    void: MaskValue | None = None
    """Value or colour of what is ignored; left out, it is the grey value ``dataset.void``, unless a
    class has this value."""

    @property
    def has_colours(self) -> bool:
        """Whether a class is a colour and no number."""
        return self.values is not None and not isinstance(self.values[0], int)

    @model_validator(mode="after")
    def _consistent(self) -> MaskEncoding:
        if self.values is None and self.channel is None:
            raise ValueError("give values, or the channel of an RGB file that holds class indices")
        given = [*(self.values or ()), *(() if self.void is None else (self.void,))]
        for index, value in enumerate(given):
            if isinstance(value, int) == self.has_colours:
                raise ValueError("values and void are all numbers, or all [red, green, blue]")
            if value in given[:index]:
                shown = value if isinstance(value, int) else list(value)
                raise ValueError(f"{shown} is there twice")
        if self.has_colours and self.channel is not None:
            raise ValueError(f"values of channel {self.channel} are numbers, not colours")
        return self


class ListDataset(FolderDataset):
    """Any pairs: text files with one "image mask" a line."""

    kind: Literal["list"]
    """Which data set."""
    train_list: str
    """Text file, below ``path``."""
    val_list: str
    """As ``train_list``, for validation."""
    classes: Annotated[tuple[str, ...], AfterValidator(_distinct)] = Field(
        min_length=2, max_length=256
    )
    """Names, in the order of the mask's values."""
    void: int | None = Field(default=255, ge=0, le=255)
    """Mask value that loss and metrics ignore."""
    masks: MaskEncoding | None = None
    """How masks say their classes; left out, a mask's values are class indices."""
    channels: Annotated[Literal[1, 3], BeforeValidator(_no_flag)] = 3
    """Grey or colour."""

    @property
    def n_classes(self) -> int:
        """As the other data sets have it."""
        return len(self.classes)

    @field_validator("void")
    @classmethod
    def _no_class(cls, void: int | None, info: ValidationInfo) -> int | None:
        classes = info.data.get("classes", ())
        if void is not None and void < len(classes):
            raise ValueError(f"{void} is also class '{classes[void]}'")
        return void

    @model_validator(mode="after")
    def _one_value_a_class(self) -> ListDataset:
        masks = self.masks
        if masks is None:
            return self
        if masks.values is not None and len(masks.values) != len(self.classes):
            raise ValueError(
                f"masks.values has {len(masks.values)} values, "
                f"classes has {len(self.classes)} names"
            )
        if masks.void is not None and self.void is None:
            raise ValueError("masks.void needs void: a number that is no class, for instance 255")
        return self


Dataset = Annotated[
    Union[DigitScenes, Mnist, CamVid, Voc, ListDataset], Field(discriminator="kind")
]


Convs = Annotated[int, Field(ge=1, le=4)]


class Encoder(Section):
    """The convolutions of a published classifier, whose weights may be those of a file."""

    kind: Literal["mobilenet_v1", "mobilenet_v2", "squeezenet"]
    """Which. squeezenet: version 1.1, whose deepest map has stride 16; the others have 32."""
    alpha: float = Field(default=1.0, gt=0, le=2)
    """Of a mobilenet: its channels are so many times those of the paper."""
    divisible_by: Annotated[Literal[1, 8], BeforeValidator(_no_flag)] = 8
    """Of mobilenet_v2: channels are rounded to multiples of it; 8 in Keras, 1 in DeepLab's."""
    weights: str | None = Field(default=None, min_length=1)
    """The file, ``.npz`` or Keras' ``.h5``; a relative path begins at the folder of design.yaml or,
    where nothing is there, at ``FCN_HW_DATA``. Left out, they begin at random."""
    output_stride: Annotated[Literal[8, 16, 32], BeforeValidator(_no_flag)] = 32
    """Of a mobilenet's deepest map: layers that would pass it have stride 1, and the kernels behind
    them are spread instead, as DeepLab's are."""
    head: dict[str, str] = Field(default_factory=dict)
    """Layers of an FCN's head, by name, that begin with those layers of the file, by their names.
    Scores of its skips begin at zero then."""
    scores: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(default=None, min_length=1)
    """Which filters of the file's layer for ``score_fr``, in the order of the data set's classes;
    left out: all."""
    channel_order: Literal["rgb", "bgr"] = "rgb"
    """Of the images that the file's weights are for. ``dataset.input`` is in the order red, green,
    blue all the same."""
    padding: Literal["behind", "before"] = "behind"
    """Where a 3x3 convolution of stride 2 has its row and column of zeros, if the map has an even
    size. behind: as TensorFlow and Keras pad even sizes. before: for weights that were trained at
    odd sizes, which are padded on both sides, as DeepLab's at 513 x 513."""

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> Encoder:
        if self.kind == "squeezenet" and self.alpha != 1:
            raise ValueError("squeezenet has no alpha")
        if self.kind == "squeezenet" and self.output_stride != 32:
            raise ValueError("squeezenet has no output_stride: its deepest map has stride 16")
        if self.kind != "mobilenet_v2" and self.divisible_by != 8:
            raise ValueError(f"{self.kind} has no divisible_by")
        if self.head and self.weights is None:
            raise ValueError("head names layers of a file: give weights, too")
        if self.scores is not None and "score_fr" not in self.head:
            raise ValueError("scores are filters of a layer of the file: give head.score_fr, too")
        return self


class Network(Section):
    """A fully convolutional network.

    ``filters`` has an entry for each encoder stage; a stage is ``convs_per_stage`` convolutions and
    a pooling by 2 (FCN, CNN); U-Net's last stage, the bottom, has no pooling. An ``encoder`` stands
    in place of these stages.
    """

    kind: Literal["fcn32s", "fcn16s", "fcn8s", "unet", "cnn"]
    """fcn32s, fcn16s, fcn8s: no, one or two skips; unet: one a stage; cnn: a classifier, whose
    fc6 covers all that is left of the image."""
    filters: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        default=(), min_length=2, max_length=8
    )
    """Channels of each stage; left out where there is an ``encoder``."""
    encoder: Encoder | None = None
    """A published classifier in place of the stages; not for a cnn."""
    convs_per_stage: Annotated[
        Union[Annotated[Convs, Tag("number")], Annotated[tuple[Convs, ...], Tag("list")]],
        Discriminator(_number_or_list),
    ] = 1
    """One number for all stages, or one for each, as VGG has (2, 2, 3, 3, 3)."""
    kernel: Annotated[Literal[1, 3, 5, 7], BeforeValidator(_no_flag)] = 3
    """Height and width of the stages' kernels."""
    head_filters: int | None = Field(default=None, ge=1)
    """Channels of FCN's fc6 and fc7 convolutions; None leaves them out."""
    head_skip: bool = False
    """An FCN's fc7, then with the stages' kernel, reads the sum of fc6, upsampled, and of a 1x1
    convolution of the map above. The skips of scores begin one map higher."""
    head_pooling: bool = False
    """An FCN's fc7 also reads the mean of the deepest map through a 1x1 convolution, ``fc6_mean``:
    its channels stand in front of fc6's, or with ``head_skip`` they are added to them (Liu,
    Rabinovich & Berg, "ParseNet", arXiv 1506.04579)."""
    upsampling: Literal["nearest", "bilinear", "transposed"] = "bilinear"
    """transposed: learned."""
    skip: Literal["add", "concat"] = "add"
    """concat: a 1x1 convolution fuses."""

    @model_validator(mode="after")
    def _head_of_an_fcn(self) -> Network:
        for key in ("head_skip", "head_pooling"):
            if getattr(self, key) and (self.head_filters is None or self.kind in ("unet", "cnn")):
                raise ValueError(f"{key} is for fcn32s, fcn16s and fcn8s with head_filters")
        return self

    @model_validator(mode="after")
    def _stages_or_encoder(self) -> Network:
        if self.encoder is None:
            if not self.filters:
                raise ValueError("give filters, the channels of each stage, or an encoder")
            return self
        if self.filters:
            raise ValueError("an encoder has its own channels: leave filters out")
        if self.kind == "cnn":
            raise ValueError("an encoder is for networks that give maps, not for a cnn")
        if not isinstance(self.convs_per_stage, int):
            raise ValueError("with an encoder, convs_per_stage is one number, of U-Net's decoder")
        return self


class KerasNetwork(Section):
    """A float network of a file: any functional or Sequential model of Keras 2 or Keras 3."""

    kind: Literal["keras"]
    """A model file."""
    model: str = Field(min_length=1)
    """The file, ``.h5`` or ``.keras``; a relative path begins at the folder of design.yaml."""
    channel_order: Literal["rgb", "bgr"] = "rgb"
    """In which the model is given the channels of an image. ``dataset.input`` is in the order red,
    green, blue all the same."""
    output: str | None = None
    """The layer whose output the hardware gives; may be left out where the model has one output."""
    fine_tune: bool = False
    """Whether ``float_epochs`` train it further before it is quantized; false: it is taken as it
    is."""


class QonnxNetwork(Section):
    """A quantized network of a QONNX file, as Brevitas exports it: it is not trained here."""

    kind: Literal["qonnx"]
    """A QONNX file."""
    model: str = Field(min_length=1)
    """The file, ``.onnx``; a relative path begins at the folder of design.yaml. It is given what
    ``dataset.input`` says, channels in the order red, green, blue."""


AnyNetwork = Union[Network, KerasNetwork, QonnxNetwork]


class NumberFormat(Section):
    """Bits with a fixed position of the binary point."""

    bits: int = Field(ge=1, le=16)
    """All of them, the sign included."""
    integer: int = Field(ge=-24, le=24)
    """Integer bits as ap_fixed counts them: the sign bit included."""


class WeightFormat(NumberFormat):
    bits: int = Field(ge=2, le=16)
    """As above."""


def _bits_or_format(value: object) -> str:
    """As :func:`_number_or_list`."""
    return "format" if isinstance(value, (Mapping, BaseModel)) else "bits"


def _bits_name_or_format(value: object) -> str:
    return "name" if isinstance(value, str) else _bits_or_format(value)


Weight = Annotated[
    Union[
        Annotated[int, Field(ge=2, le=16), Tag("bits")],
        Annotated[Literal["binary", "ternary"], Tag("name")],
        Annotated[WeightFormat, Tag("format")],
    ],
    Discriminator(_bits_name_or_format),
]
Bias = Annotated[
    Union[Annotated[int, Field(ge=2, le=24), Tag("bits")], Annotated[WeightFormat, Tag("format")]],
    Discriminator(_bits_or_format),
]
Activation = Annotated[
    Union[Annotated[int, Field(ge=1, le=16), Tag("bits")], Annotated[NumberFormat, Tag("format")]],
    Discriminator(_bits_or_format),
]


WeightScale = Literal["layer", "channel"]


class LayerPrecision(Section):
    """Precision of one layer; what is left out comes from the default."""

    weight: Weight | None = None
    """Bits, ``binary``, ``ternary``, or a format."""
    weight_scale: WeightScale | None = None
    """layer: all weights have one binary point. channel: those of each filter have their own, at
    most four places apart; then ``weight`` is a number of bits."""
    bias: Bias | None = None
    """Bits or a format."""
    activation: Activation | None = None
    """Bits or a format."""


class DefaultPrecision(Section):
    weight: Weight = 4
    """Bits, ``binary``, ``ternary``, or a format."""
    weight_scale: WeightScale = "layer"
    """As in ``layers``."""
    bias: Bias = 8
    """Bits or a format."""
    activation: Activation = 4
    """Bits or a format."""


class Precision(Section):
    """Bits of each layer. Where only bits are given, the binary point has the least L2 error."""

    default: DefaultPrecision = DefaultPrecision()
    """Of every layer that ``layers`` does not name."""
    layers: dict[str, LayerPrecision] = {}
    """What differs, by layer."""


PruningScope = Literal["layer", "global"]
PruningBlock = Literal["weight", "fold"]


class Pruning(Section):
    """Magnitude pruning while the quantized network is retrained.

    The zeros of a layer rise along a cubic from none to ``sparsity`` (Zhu & Gupta, "To prune, or
    not to prune", 2017, equation 1); pruned weights stay zero from then on.
    """

    sparsity: float = Field(default=0.8, ge=0, lt=1)
    """Part of the weights of each layer that becomes zero."""
    layers: dict[str, Annotated[float, Field(ge=0, lt=1)]] = {}
    """What differs, by layer; 0 leaves a layer as it is."""
    ramp: float = Field(default=0.5, gt=0, lt=1)
    """Part of the retraining in which the zeros rise; the rest is for recovery."""
    scope: PruningScope = "layer"
    """layer: each layer has its part of zeros. global: the layers that ``layers`` does not name
    have ``sparsity`` together, the most where weights matter least (LAMP, Lee et al. 2021)."""
    block: PruningBlock = "weight"
    """weight: weights become zero one by one. fold: those of a step of the hardware become zero
    together, at the folds of ``board``, and the slowest layers get the most zeros."""
    board: str | None = None
    """Whose folds ``block: fold`` means."""

    @model_validator(mode="after")
    def _board_of_blocks(self) -> Pruning:
        if self.block == "fold" and self.board is None:
            raise ValueError("block: fold needs board, the one whose folds are meant")
        if self.block != "fold" and self.board is not None:
            raise ValueError("board is of block: fold")
        if self.block == "fold" and self.scope == "global":
            raise ValueError("scope: global is of single weights; block: fold chooses the layers")
        return self


class Augmentation(Section):
    """Ranges of the random variations of training images."""

    mirror: bool = False
    """Left and right may be swapped."""
    zoom: float = Field(default=1.2, ge=1, le=4)
    """Sizes between ``1 / zoom`` and ``zoom``; 1 is none."""
    shift: float = Field(default=0.08, ge=0, le=1)
    """Greatest shift, as a part of the image's size."""
    rotation_deg: float = Field(default=0, ge=0, le=180)
    """Greatest rotation either way, in degrees."""
    contrast: float = Field(default=0.2, ge=0, le=1)
    """Gain between ``1 - contrast`` and ``1 + contrast``."""
    brightness: float = Field(default=20.0, ge=0, le=255)
    """Greatest offset, in byte values."""
    colour: float = Field(default=0, ge=0, le=1)
    """Gain of each channel alone, between ``1 - colour`` and ``1 + colour``, on top of contrast."""


def _flag_or_section(value: object) -> str:
    """As :func:`_number_or_list`."""
    return "section" if isinstance(value, (Mapping, BaseModel)) else "flag"


def _flag_or_number(value: object) -> str:
    """As :func:`_number_or_list`."""
    return "flag" if isinstance(value, (bool, str)) else "power"


class Distillation(Section):
    """Who else says what a pixel is, and how much of it."""

    share: float = Field(default=0.5, gt=0, le=1)
    """Part of retraining's target that is the teacher's class probabilities, and not the label."""
    float_share: float = Field(default=0, ge=0, le=1)
    """As ``share``, in the float epochs and those of the head."""
    teacher: str = Field(min_length=1)
    """A float model, ``.h5`` or ``.keras``, of the same classes: for instance ``model/float.h5`` of
    a larger design. It is shown the training images in the size that it reads. A relative path
    begins at the folder of design.yaml."""
    input: InputScaling = InputScaling()
    """What the teacher is given for a byte. Models that fcn_hw has trained scale it themselves."""


def _number_or_section(value: object) -> str:
    """As :func:`_number_or_list`."""
    return "section" if isinstance(value, (Mapping, BaseModel)) else "number"


class Training(Section):
    """Float training, then retraining of the quantized network from the float weights."""

    seed: int = Field(default=1, ge=0)
    """Of weights, order and augmentation."""
    batch_size: int = Field(default=16, ge=1)
    """Images a step."""
    float_epochs: int = Field(default=20, ge=1)
    """At most."""
    head_epochs: int = Field(default=0, ge=0)
    """Before these, epochs in which all but the encoder learns. They end at ``learning_rate``, as
    the float epochs begin with it."""
    encoder_rate: float = Field(default=1.0, gt=0, le=1)
    """Part of ``learning_rate`` that the encoder's layers have in ``float_epochs``."""
    norm_batches: int = Field(default=0, ge=0)
    """Training batches over which mean and variance of the normalizations are measured before each
    score of the float epochs; 0: they are moving averages of the last ten steps."""
    retrain_epochs: int = Field(default=10, ge=0)
    """At most, with quantized weights and activations; 0: none."""
    learning_rate: float = Field(default=3e-3, gt=0)
    """The peak: it warms up, then falls along a cosine."""
    retrain_learning_rate: float = Field(default=1e-3, gt=0)
    """As ``learning_rate``, for retraining."""
    bias_correction: bool = False
    """Whether quantization begins with biases that give each channel the mean that it has in the
    float network, on the calibration images."""
    relative_steps: bool = False
    """Whether ``retrain_learning_rate`` is a part of the root mean square of each filter's weights.
    Folded normalizations, as those of a mobilenet, leave filters of very different sizes."""
    equalize: bool = False
    """Whether the channels between layers are made as large as one another before the network is
    quantized, and the limit of a ReLU6 the largest code, by factors that the layers' weights take
    up. An encoder with depthwise convolutions needs it: its normalizations leave channels of very
    different sizes."""
    patience: int = Field(default=10, ge=1)
    """Epochs without a better validation mIoU before a phase stops early."""
    calibration_images: int = Field(default=32, ge=1)
    """Training images whose activations choose the binary points."""
    augment: Annotated[
        Union[Annotated[bool, Tag("flag")], Annotated[Augmentation, Tag("section")]],
        Discriminator(_flag_or_section),
    ] = True
    """true: zoom, shift, brightness and contrast that suit the data set; or their ranges."""
    class_weights: Annotated[
        Union[Annotated[bool, Tag("flag")], Annotated[float, Field(ge=0, le=1), Tag("power")]],
        Discriminator(_flag_or_number),
    ] = False
    """Weigh the loss by the median frequency of the classes (Eigen & Fergus 2015), or by a power of
    these weights, 0 to 1: 0.5 is their square root. A class that no training mask holds has weight
    1, which nothing meets."""
    repeat: dict[str, Annotated[int, Field(ge=1, le=16)]] = {}
    """How often an epoch takes each image that holds a class, by the name of the class: for classes
    that few images hold. The largest number of its classes counts for an image; 1 where none is
    named."""
    distillation: Annotated[
        Union[
            Annotated[float, Field(ge=0, le=1), Tag("number")],
            Annotated[Distillation, Tag("section")],
        ],
        Discriminator(_number_or_section),
    ] = 0
    """Part of what retraining asks of a pixel that is the float network's class probabilities, and
    not the label (Hinton et al. 2015, temperature 1); or a section that names another teacher."""
    pruning: Pruning | None = None
    """Zeros by magnitude pruning during retraining; leave out for none."""

    @property
    def distillation_share(self) -> float:
        """Part of the target that is a teacher's."""
        found = self.distillation
        return found.share if isinstance(found, Distillation) else found

    @model_validator(mode="after")
    def _pruned_in_retraining(self) -> Training:
        if self.pruning is not None and self.retrain_epochs == 0:
            raise ValueError(
                "pruning is done while the network is retrained, and retrain_epochs is 0"
            )
        return self


def _none_for_a_file(value: object, info: ValidationInfo) -> object:
    """``none`` is no retraining."""
    if value != "none":
        return value
    if not isinstance(info.data.get("network"), (KerasNetwork, type(None))):
        raise ValueError("'none' is for a network of kind keras, whose weights are in a file")
    return {"retrain_epochs": 0}


def _number_or_auto(value: object) -> str:
    """As :func:`_number_or_list`."""
    return "auto" if isinstance(value, str) else "number"


Reuse = Annotated[
    Union[
        Annotated[int, Field(ge=1), Tag("number")],
        Annotated[Literal["auto"], Tag("auto")],
    ],
    Discriminator(_number_or_auto),
]
"""Multiplications of one multiplier a pixel, or ``auto``: chosen for the board."""


ConvEmitter = Literal["fcn_hw", "hls4ml"]
HlsCompiler = Literal["auto", "vitis", "fcn_hw"]
RtlCompiler = Literal["vitis", "fcn_hw"]


class Utilization(Section):
    """Shares of the board that ``ReuseFactor: auto`` and the points of a search may use."""

    lut: float = Field(default=0.7, gt=0, le=1)
    """Of the LUTs."""
    ff: float = Field(default=0.5, gt=0, le=1)
    """Half, as the model finds about half of the flip-flops (``docs/estimates.md``)."""
    dsp: float = Field(default=0.8, ge=0, le=1)
    """Of the DSP slices."""
    bram: float = Field(default=0.8, ge=0, le=1)
    """Of the block RAMs."""


class HlsLayer(Section):
    """hls4ml's ``LayerName`` entries."""

    ReuseFactor: Reuse | None = None
    """As in ``hls``."""
    Strategy: Literal["Resource", "Latency"] | None = None
    """As in ``hls``."""


class Hls(Section):
    """HLS settings, by hls4ml's names; None takes the board's value."""

    Part: str | None = None
    """The device, as Vivado names it."""
    ClockPeriod: float | None = Field(default=None, gt=0, le=1000)
    """In ns; not shorter than the clock tree of the board's device allows."""
    IOType: Literal["io_stream"] = "io_stream"
    """Streams are all there is."""
    Conv: ConvEmitter = "fcn_hw"
    """Whose convolutions are emitted: fcn_hw's, or hls4ml's own for comparison."""
    Compiler: HlsCompiler = "auto"
    """Who turns the C++ into RTL in ``csynth``, ``cosim`` and ``bitstream``: Vitis HLS, or fcn_hw's
    own compiler. ``auto``: Vitis HLS where it is on PATH, else ours."""
    ReuseFactor: Reuse = 9
    """Multiplications of one multiplier a pixel; each layer takes the nearest possible number.
    ``auto``: the fastest design within ``utilization``, or the smallest of ``target_fps``; on a
    board with a serial port, which carries few frames a second, the smallest that keeps up."""
    target_fps: float | None = Field(default=None, gt=0)
    """Frames a second that ``ReuseFactor: auto`` has to reach."""
    utilization: Utilization = Utilization()
    """What ``ReuseFactor: auto`` may use."""
    Strategy: Literal["Resource", "Latency"] = "Resource"
    """Resource: weights in block RAM. Latency: weights in LUTs. ROMs of scales and thresholds
    follow it from 65 words on; smaller ones are in LUTs."""
    fifo_margin: float = Field(default=0.1, ge=0, le=10)
    """Share by which FIFOs are deeper than the simulator says, whose latencies are estimates."""
    Precision: Literal["derived"] = "derived"
    """Accumulators are derived from the weights and proved; formats: section ``precision``."""
    LayerName: dict[str, HlsLayer] = {}
    """What differs, by layer."""


class Csim(Section):
    """What the C simulation runs on."""

    images: int | None = Field(default=None, ge=1)
    """First images of the split; None: all."""
    split: Literal["val", "test"] = "val"
    """Of the data set. Only ``mnist``, and ``camvid`` with ``held_out``, have a ``test``."""


class Regression(Section):
    """How much worse than the last run a design may get before a stage fails.

    The last run is the last one that passed. A quantity whose stage has not run is not compared.
    """

    cycles: float = Field(default=0.01, ge=0)
    """Share by which latency and interval may grow, of C synthesis and of RTL cosimulation."""
    resources: float = Field(default=0.05, ge=0)
    """Share by which LUT, FF, DSP, block RAM and UltraRAM may grow."""
    wns_ns: float = Field(default=0.2, ge=0)
    """Nanoseconds by which the worst negative slack may fall, and the estimated clock may rise."""
    miou: float = Field(default=0.005, ge=0, le=1)
    """By how much the mIoU of the C simulation, 0 to 1, may fall."""
    mismatches: int = Field(default=0, ge=0)
    """How many codes more may differ."""


class Design(Section):
    """A whole ``design.yaml``."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """Of the folder too, and of the HLS project."""
    dataset: Dataset
    """What it learns from."""
    network: Annotated[AnyNetwork, Field(discriminator="kind")]
    """What is built."""
    output_kind: Literal["classes", "both"] = "classes"
    """What the hardware gives: the class of each pixel, or both classes and scores."""
    precision: Precision = Precision()
    """Bits."""
    training: Annotated[Training, BeforeValidator(_none_for_a_file)] = Training()
    """How it learns. ``none``, for a network of a file: its weights are quantized as they are."""
    hls: Hls = Hls()
    """What is emitted."""
    csim: Csim = Csim()
    """What is simulated."""
    regression: Regression = Regression()
    """What may get worse."""

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if told := graph_refusal(name):
            raise ValueError(f"'{name}' can't be the name of a design: {told}")
        return name

    @model_validator(mode="after")
    def _input_has_channels(self) -> Design:
        channels = 1 if self.dataset.kind == "mnist" else getattr(self.dataset, "channels", 3)
        scaling = self.dataset.input.of_bytes()
        if scaling is not None and scaling.channels not in (1, channels):
            raise ValueError(
                f"dataset.input has {scaling.channels} scales or offsets, images have {channels} "
                "channels"
            )
        return self

    @model_validator(mode="after")
    def _rates_of_an_encoder(self) -> Design:
        given = self.training.head_epochs or self.training.encoder_rate != 1
        if given and getattr(self.network, "encoder", None) is None:
            raise ValueError(
                "training.head_epochs and training.encoder_rate are for a network with an encoder"
            )
        return self

    @model_validator(mode="after")
    def _one_class_or_map(self) -> Design:
        if not isinstance(self.network, Network):
            return self  # the file tells
        if (self.dataset.kind == "mnist") != (self.network.kind == "cnn"):
            one = "one class for a whole image" if self.dataset.kind == "mnist" else "maps"
            raise ValueError(
                f"data set {self.dataset.kind} has {one}, network {self.network.kind} does not: "
                "mnist and cnn go together"
            )
        return self

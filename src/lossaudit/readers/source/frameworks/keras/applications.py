"""The networks of `keras.applications`: a head on top, or features."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from lossaudit.readers.source.frameworks import Handler, Interpreter
from lossaudit.readers.source.frameworks.keras.activations import activated
from lossaudit.readers.source.frameworks.keras.layers import affine
from lossaudit.readers.source.frameworks.keras.models import MODEL, placeholder
from lossaudit.readers.source.frameworks.keras.objects import is_none
from lossaudit.readers.source.values import Call, External, Items, Literal, Opaque, Value

# By the module that has them; all of them stand in `keras.applications` itself too.
_NETWORKS: Mapping[str, str] = {
    "vgg16": "VGG16",
    "vgg19": "VGG19",
    "xception": "Xception",
    "resnet": "ResNet50 ResNet101 ResNet152",
    "resnet50": "ResNet50",
    "resnet_v2": "ResNet50V2 ResNet101V2 ResNet152V2",
    "inception_v3": "InceptionV3",
    "inception_resnet_v2": "InceptionResNetV2",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": "MobileNetV3Small MobileNetV3Large",
    "densenet": "DenseNet121 DenseNet169 DenseNet201",
    "nasnet": "NASNetMobile NASNetLarge",
    "efficientnet": " ".join(f"EfficientNetB{i}" for i in range(8)),
    "efficientnet_v2": " ".join(f"EfficientNetV2{size}" for size in ("B0", "B1", "B2", "B3", "S", "M", "L")),
    "convnext": " ".join(f"ConvNeXt{size}" for size in ("Tiny", "Small", "Base", "Large", "XLarge")),
}


def _network(name: str, run: Interpreter, call: Call) -> Value:
    """A model; its head is a softmax over the classes unless the call says otherwise."""
    top = call.argument(0, "include_top", Literal(True))
    given = call.argument(2, "input_tensor")
    entry = placeholder(call.place) if is_none(given) or given is None else given
    if not call.complete or not isinstance(top, Literal):
        output: Value = Opaque(f"the output of {name}, with or without its head")
    elif top.value:
        classes = call.keywords.get("classes", Literal(1000))
        logits = affine(run, "linear", classes, Call(place=call.place, name=name))
        output = activated(run, call.keywords.get("classifier_activation", Literal("softmax")), logits, call.place)
    else:
        output = Opaque(f"the features of {name}", batched=True)
    return run.object(External(MODEL), call.place, input=entry, output=output, inputs=Items((entry,)))


CALLS: Mapping[str, Handler] = {
    f"keras.applications.{where}{network}": partial(_network, network)
    for module, networks in _NETWORKS.items()
    for network in networks.split()
    for where in ("", f"{module}.")
}

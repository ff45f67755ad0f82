"""Models of libraries whose output is known: they end in an affine layer, which the program may replace."""

from __future__ import annotations

from collections.abc import Mapping

from lossaudit.pairing import Const, Unknown
from lossaudit.readers.source.frameworks import Handler, Interpreter, Method
from lossaudit.readers.source.values import Call, External, Literal, Object, Opaque, Value

MODEL = "torchvision.models.VisionModel"


def _classifier(run: Interpreter, call: Call) -> Value:
    """A model that ends in an affine layer, and whose last layer the program may replace."""
    return run.object(External(MODEL), call.place, **_classes(call))


def _classes(call: Call) -> dict[str, Value]:
    count = call.keywords.get("num_classes")
    return {"num_classes": count} if count is not None else {}


_HEADS = ("fc", "classifier", "head", "heads", "last_linear", "_fc", "output", "logits")


def _of_library(run: Interpreter, target: Object, call: Call) -> Value | None:
    """The output of a library's model: what the program put in the place of its last layer, or logits."""
    features: Value = Opaque("features of a library's model", run.symbol("features"))
    for name in _HEADS:
        head = run.get(target, name)
        if head is None:
            continue
        return run.call(head, Call((features,), {}, call.place, True, call.name))
    count = run.get(target, "num_classes")
    args = {"out_features": Const(count.value) if isinstance(count, Literal) and isinstance(count.value, int) else _NOT}
    return run.apply("torch", "linear", {"input": features}, args, Call(place=target.place or call.place, name="model"))


_NOT = Unknown("the library's own number of classes")


_MODELS = """
alexnet convnext_base convnext_large convnext_small convnext_tiny densenet121 densenet161 densenet169
densenet201 efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5
efficientnet_b6 efficientnet_b7 efficientnet_v2_l efficientnet_v2_m efficientnet_v2_s mnasnet0_5 mnasnet0_75
mnasnet1_0 mnasnet1_3 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_16gf regnet_x_1_6gf
regnet_x_32gf regnet_x_3_2gf regnet_x_400mf regnet_x_800mf regnet_x_8gf regnet_y_16gf regnet_y_1_6gf
regnet_y_32gf regnet_y_3_2gf regnet_y_400mf regnet_y_800mf regnet_y_8gf resnet101 resnet152 resnet18 resnet34
resnet50 resnext101_32x8d resnext50_32x4d shufflenet_v2_x0_5 shufflenet_v2_x1_0 squeezenet1_0 squeezenet1_1
swin_b swin_s swin_t vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn vit_b_16 vit_b_32 vit_h_14
vit_l_16 vit_l_32 wide_resnet101_2 wide_resnet50_2
"""

CALLS: Mapping[str, Handler] = {f"torchvision.models.{name}": _classifier for name in _MODELS.split()}
METHODS: Mapping[tuple[str, str], Method] = {(MODEL, "__call__"): _of_library}

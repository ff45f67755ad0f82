"""Spellings against PyTorch itself: names, order and defaults of the parameters."""

from __future__ import annotations

import inspect

import pytest

torch = pytest.importorskip("torch")

from lossaudit.catalogue import KEYWORD_ALIASES, find, spellings  # noqa: E402
from lossaudit.catalogue.schema import REQUIRED, Kind, Spelling  # noqa: E402


def resolve(path: str) -> object:
    value: object = torch
    for part in path.split(".")[1:]:
        value = getattr(value, part)
    return value


def of(*kinds: Kind) -> list[object]:
    return [pytest.param(s, id=s.path) for kind in kinds for s, _ in spellings("torch", kind)]


def signature(spelling: Spelling) -> list[inspect.Parameter] | None:
    """The Python parameters, None where there are none to be seen; `**kwargs` tells nothing and is left out."""
    value = resolve(spelling.path)
    try:
        found = list(inspect.signature(value).parameters.values())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    if [p.kind for p in found] == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]:
        return [] if spelling.kind is Kind.MODULE else None
    return [p for p in found if p.kind is not inspect.Parameter.VAR_KEYWORD]


# These take `*args`, so that Python's own signature hides the parameters which their documentation names.
HIDDEN = {"torch.einsum", "torch.Tensor.__array__"}


@pytest.mark.parametrize("spelling", of(Kind.FUNCTION, Kind.METHOD, Kind.MODULE))
def test_python_signature(spelling: Spelling) -> None:
    """Resolves; and where PyTorch has a Python signature, names, order and defaults are the same."""
    assert resolve(spelling.path) is not None
    found = signature(spelling)
    if found is None or spelling.path in HIDDEN:
        return
    expected = [p.name for p in found]
    assert [p.name for p in spelling.params] == expected
    for ours, theirs in zip(spelling.params, found, strict=True):
        assert ours.variadic == (theirs.kind is inspect.Parameter.VAR_POSITIONAL), ours.name
        if not ours.variadic:
            default = REQUIRED if theirs.default is inspect.Parameter.empty else theirs.default
            assert (ours.default, type(ours.default)) == (default, type(default)) or (
                not isinstance(default, bool) and ours.default == default
            ), ours.name


# --- builtins, which have no Python signature: against the operator's own schema ---

Argument = tuple[str, object, bool]  # name, default, keyword only

# Arguments that say where and how memory is laid out, which PyTorch adds and leaves out at will.
MEMORY = {"generator", "layout", "pin_memory", "memory_format", "device", "dtype", "non_blocking", "copy"}

# The Python binding differs from the operator in these; the reason stands beside.
DIFFERENT = {
    "torch.nn.functional.elu_": "the operator's two scales cannot be given",
    "torch.randint_like": "`high` alone, or `low` and `high`",
    "torch.where": "a condition alone asks for indices",
    "torch.nonzero": "`as_tuple` chooses between two operators",
    "torch.Tensor.nonzero": "`as_tuple` chooses between two operators",
    "torch.Tensor.to": "a type, a device or a tensor in the same place",
    **{
        f"torch.nn.functional.{kind}_pool{rank}d": "one function in front of two operators"
        for kind in ("max", "adaptive_max")
        for rank in (1, 2, 3)
    },
}


def plain(default: object) -> object:
    """The operator's default as the Python binding has it: one number for equal ones."""
    if isinstance(default, list):
        return default[0] if len(set(default)) == 1 else tuple(default)
    return default


def schemas() -> dict[str, list[list[Argument]]]:
    """Of each operator, its overloads on tensors without named axes and output arguments."""
    found: dict[str, list[list[Argument]]] = {}
    for schema in torch._C._jit_get_all_schemas():
        tensors = [a.name for a in schema.arguments if "Tensor" in str(a.type)]
        output = any(a.alias_info and a.kwarg_only for a in schema.arguments)
        first = schema.arguments[0] if tensors else None
        scripting = (
            first is None or tensors[0] in {"a", "l"} or (str(first.type), first.name) == ("List[Tensor]", "self")
        )
        if schema.name.startswith("aten::") and not (output or scripting or "Dimname" in str(schema)):
            overload = [
                (a.name, plain(a.default_value) if a.has_default_value() else REQUIRED, a.kwarg_only)
                for a in schema.arguments
                if a.name not in MEMORY
            ]
            found.setdefault(schema.name.removeprefix("aten::"), []).append(overload)
    return found


SCHEMAS = schemas()


def operator(path: str) -> str:
    """The operator behind a builtin function or method."""
    prefix, _, name = path.rpartition(".")
    return {"torch.special": "special_", "torch.linalg": "linalg_"}.get(prefix, "") + name


BUILTINS = [
    case
    for case in of(Kind.FUNCTION, Kind.METHOD)
    if (path := case.values[0].path) not in DIFFERENT
    and operator(path) in SCHEMAS
    and signature(case.values[0]) is None
]


def overloads_of(spelling: Spelling, names: list[str]) -> list[list[Argument]]:
    """The overloads that we cover, with the operator's `self` under our name; a method has it in front."""
    method = spelling.kind is Kind.METHOD
    receiver = "self" if method else "input" if "input" in names else names[0]
    found = []
    for overload in SCHEMAS[operator(spelling.path)]:
        ours = [(receiver if name == "self" else name, *rest) for name, *rest in overload]
        if method:
            ours.sort(key=lambda argument: argument[0] != "self")
        if {name for name, *_ in ours} <= set(names) and (not method or ours[0][0] == "self"):
            found.append(ours)
    return found


@pytest.mark.parametrize("spelling", BUILTINS)
def test_operator_schema(spelling: Spelling) -> None:
    """Every overload's positional arguments are ours, in this order; defaults agree; there is nothing else."""
    params = [p for p in spelling.params if p.name not in MEMORY]
    names = [p.name for p in params]
    overloads = overloads_of(spelling, names)
    assert overloads, "no overload takes only arguments that we know"
    for overload in overloads:
        positional = [name for name, _, keyword_only in overload if not keyword_only]
        assert [name for name in names if name in positional] == positional
    for param in params[1:]:
        defaults = [default for overload in overloads for name, default, _ in overload if name == param.name]
        assert defaults, f"{param.name} is in no overload"
        if param.default is REQUIRED:
            everywhere = len(defaults) == len(overloads) and all(default is REQUIRED for default in defaults)
            assert everywhere or param.variadic, param.name
        else:
            assert param.default is None or param.default in defaults, param.name


def test_most_builtins_are_compared() -> None:
    """The comparison would be worth nothing if it silently left most builtins out."""
    compared = {case.values[0].path for case in BUILTINS}
    builtins = {
        s.path for kind in (Kind.FUNCTION, Kind.METHOD) for s, _ in spellings("torch", kind) if signature(s) is None
    }
    assert len(compared) > 0.9 * len(builtins), sorted(builtins - compared)


# --- operands in reverse ---

LEFT, RIGHT = torch.tensor([[2.0, 5.0], [3.0, 7.0]]), torch.tensor([[4.0, 3.0], [2.0, 9.0]])
REFLECTED = ["__rsub__", "__rtruediv__", "__rdiv__", "__rpow__", "__rmatmul__", "__rmod__", "__rfloordiv__"]


@pytest.mark.parametrize("name", REFLECTED)
def test_reflected_methods_name_their_operands_in_the_order_of_the_text(name: str) -> None:
    """`left.__rsub__(right)` is `right - left`: so the catalogue's `input` is what stands on the left."""
    found = find("torch", f"torch.Tensor.{name}")
    assert found is not None
    entry, spelling = found
    operands = {param.canonical: value for param, value in zip(spelling.params, (LEFT, RIGHT), strict=True)}
    function = getattr(torch, entry.name)
    torch.testing.assert_close(getattr(LEFT, name)(RIGHT), function(operands["input"], operands["other"]))


def test_rsub_with_alpha() -> None:
    found = find("torch", "torch.rsub")
    assert found is not None
    names = [param.canonical for param in found[1].params]
    operands = dict(zip(names, (LEFT, RIGHT), strict=False))
    assert torch.equal(torch.rsub(LEFT, RIGHT, alpha=3), torch.sub(operands["input"], operands["other"], alpha=3))


def test_every_reflected_method_is_tested_or_commutative() -> None:
    reflected = {s.path.rpartition(".")[2] for s, _ in spellings("torch", Kind.METHOD) if ".__r" in s.path}
    assert reflected - set(REFLECTED) == {"__radd__", "__rmul__", "__rand__", "__ror__", "__rxor__"}


@pytest.mark.parametrize(("alias", "name"), KEYWORD_ALIASES.items())
def test_keyword_aliases(alias: str, name: str) -> None:
    """PyTorch's builtins take NumPy's keywords and mean the same by them."""
    given: dict[str, object] = {"input": LEFT, "dim": 1, "keepdim": True} if "dim" in name else {"input": LEFT}
    function = torch.sum
    if name == "other":
        function, given = torch.sub, {"input": LEFT, "other": RIGHT}
    renamed = {alias if key == name else key: value for key, value in given.items()}
    assert alias in renamed
    assert torch.equal(function(**renamed), function(**given))

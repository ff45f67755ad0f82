"""Writes a remedy with the user's own names.

Every change is a set of edits of the user's files; what is shown before and after are the statements that they
touch. Where a step of the reasoning is not certain, only the advice is given: no fix is better than a wrong one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from textwrap import dedent

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.finding import Edit, Fix
from lossaudit.pairing import Args, Const, Pairing, Step
from lossaudit.rules import heads, labels, operands
from lossaudit.rules.respell import rearranged, respelled
from lossaudit.rules.rule import Problem, Remedy
from lossaudit.rules.source import File, load, spelled

# Behind the head nothing may stand that means something else of logits than of probabilities.
HARMLESS = frozenset({Role.VIEW, Role.CAST, Role.NOISE})
SYMMETRIC = frozenset({"mse", "mae", "smooth_l1", "huber"})
NAMES_FOR_LOGITS = ("logits", "raw_logits", "model_logits")
WITHOUT_EFFECT = Const(None)


def write(problem: Problem, pairing: Pairing, load: Callable[[str], File | None] = load) -> Fix | None:
    """The fix of a problem: its remedy, spelled in the program's own code where `load` can read that."""
    remedy = problem.remedy
    if remedy is None:
        return None
    advice = Fix("; ".join((remedy.title, *remedy.also)))
    if remedy.respelling is not None or remedy.arguments is not None:
        return _respelled(advice, remedy, pairing, load)
    head = next((step for step in reversed(heads.head(pairing.prediction)) if step.op in remedy.drop_head), None)
    if head is None or any(heads.role(step.op) not in HARMLESS for step in heads.after(pairing.prediction, head)):
        return advice
    site = _site(pairing, head, load)
    change = _change(site, remedy) if site is not None else None
    if site is None or change is None:
        return advice
    files = (site.head_file,) if site.head_file is site.loss_file else (site.head_file, site.loss_file)
    fix = _shown(advice, files, change.edits, remedy.keeps_values and change.local)
    return fix if change.local or not fix.edits else replace(fix, title=f"{fix.title} ({_elsewhere(site, change)})")


def _respelled(advice: Fix, remedy: Remedy, pairing: Pairing, load: Callable[[str], File | None]) -> Fix:
    """One expression spelled otherwise, or one call with other arguments."""
    change = respelled(remedy.respelling, pairing, load) if remedy.respelling is not None else None
    if change is None and remedy.arguments is not None:
        change = rearranged(remedy.arguments, pairing.loss, load)
    if change is None:
        return advice
    return _shown(advice, (change.file,), change.edits, remedy.keeps_values and change.local)


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a pairing stands in the user's files."""

    pairing: Pairing
    head: Step
    loss_file: File
    loss_node: ast.expr
    loss_statement: ast.stmt
    head_file: File
    head_node: ast.expr
    head_statement: ast.stmt


@dataclass(frozen=True, slots=True)
class _Change:
    """Edits, the prediction's new text at the loss, and whether all readers of the changed values are in sight."""

    edits: tuple[Edit, ...]
    prediction: str
    local: bool


def _site(pairing: Pairing, head: Step, load: Callable[[str], File | None]) -> _Site | None:
    if pairing.loss.place is None or head.place is None:
        return None
    loss_file, head_file = load(pairing.loss.place.path), load(head.place.path)
    if loss_file is None or head_file is None:
        return None
    if loss_file.path == head_file.path:
        head_file = loss_file  # nodes are compared by identity
    loss_node, head_node = loss_file.at(pairing.loss.place), head_file.at(head.place)
    if loss_node is None or head_node is None:
        return None
    if pairing.loss.ops:  # written out: its place is the difference, and the reduction stands behind it
        loss_node, reduction = operands.reduced(loss_file, loss_node)
        if not reduction:
            return None
    loss_statement, head_statement = loss_file.statement(loss_node), head_file.statement(head_node)
    if loss_statement is None or head_statement is None:
        return None
    return _Site(pairing, head, loss_file, loss_node, loss_statement, head_file, head_node, head_statement)


def _change(site: _Site, remedy: Remedy) -> _Change | None:
    """All edits that carry out the remedy, or None where one of them is not certain."""
    both = operands.sides(site.loss_node, site.pairing.loss.loss in SYMMETRIC)
    which = _which(site, both) if both is not None else None
    if which is None:
        return None
    prediction, target = which
    removed = _removed(site, prediction)
    if removed is None:
        return None
    if remedy.loss:
        text = _new_call(site, remedy, removed.prediction, target)
        last = _edit(site.loss_file, site.loss_node, text) if text is not None else None
    elif removed.prediction != site.loss_file.source(prediction):
        last = _edit(site.loss_file, prediction, removed.prediction)
    else:
        return removed
    return None if last is None else replace(removed, edits=(*removed.edits, last))


def _which(site: _Site, both: operands.Sides) -> tuple[ast.expr, ast.expr] | None:
    """Prediction and target: by where the head is, by the loss's own order, by the model's call, by the labels."""
    file, statement = site.loss_file, site.loss_statement
    order = ((both.first, both.second), (both.second, both.first))
    head = [site.head.place] if site.head.place is not None else []
    by_head = [pair for pair in order if operands.holds(file, pair[0], statement, head)]
    if not by_head and not both.symmetric:
        return order[0]
    calls = site.head.place.via if site.head.place is not None else ()
    by_call = [pair for pair in order if operands.holds(file, pair[0], statement, calls)]
    by_labels = [pair for pair in order if operands.index_labels(file, pair[1], statement) is not None]
    return next((found[0] for found in (by_head, by_call, by_labels) if len(found) == 1), None)


def _removed(site: _Site, prediction: ast.expr) -> _Change | None:
    """Takes the head away, where it stands."""
    file, head = site.head_file, site.head_node
    inner = operands.operand(file, head, site.head.op)
    unchanged = site.loss_file.source(prediction)
    if inner is None:
        span = operands.last_of_sequential(file, head, site.head.op)
        return None if span is None else _Change((Edit(file.place(span), ""),), unchanged, local=False)
    if prediction is head:
        return _Change((), file.source(inner), local=True)
    if file is site.loss_file and file.scope(head) is file.scope(site.loss_node):
        made = operands.definition(file, prediction, site.loss_statement)
        return _from_assignment(site, made, prediction, inner) if made is not None and made.value is head else None
    if _assigns_itself(site.head_statement, inner):
        edit = operands.deletion(file, site.head_statement)
        return None if edit is None else _Change((edit,), unchanged, local=False)
    return _Change((_edit(file, head, _atom(file, head, inner)),), unchanged, local=False)


def _from_assignment(site: _Site, made: ast.Assign, prediction: ast.expr, inner: ast.expr) -> _Change | None:
    """`probs = softmax(z)` and later `loss(probs, ...)`: who else reads `probs` decides."""
    file, name = site.loss_file, ast.unparse(made.targets[0])
    readers = operands.readers(file, made, prediction)
    deletion = operands.deletion(file, made)
    if _assigns_itself(made, inner):
        only_largest = all(_asks_for_largest(file, reader) for reader in readers)
        return _Change((deletion,), name, local=True) if only_largest and deletion is not None else None
    gone = (deletion,) if not readers and deletion is not None else ()
    steps = operands.between(file, made, site.loss_statement)
    rebound = any(operands.stores(step) & operands.loads(inner) for step in steps)
    if isinstance(inner, ast.Name | ast.Attribute) and not rebound:
        return _Change(gone, file.source(inner), local=True)
    if gone and not rebound and all(_only_assigns(step) for step in steps):
        return _Change(gone, file.source(inner), local=True)
    return _with_logits(site, made, inner, bool(readers))


def _with_logits(site: _Site, made: ast.Assign, inner: ast.expr, read: bool) -> _Change | None:
    """Gives the logits a name of their own; the probabilities stay where somebody else reads them."""
    file = site.loss_file
    used = {name.id for name in file.names(file.tree)}
    logits = next((name for name in NAMES_FOR_LOGITS if name not in used), None)
    if logits is None:
        return None
    text = f"{logits} = {file.source(inner)}"
    if read:
        statement, (low, high) = file.span(made), file.span(inner)
        rest = file.text[statement[0] : low] + logits + file.text[high : statement[1]]
        text += "\n" + " " * made.col_offset + rest
    return _Change((_edit(file, made, text),), logits, local=True)


def _new_call(site: _Site, remedy: Remedy, prediction: str, target: ast.expr) -> str | None:
    """The text of the mended loss, or None where an argument could not be carried over."""
    loss = catalogue.loss(remedy.loss)
    torch = loss is not None and site.pairing.framework == "torch"
    function = spelled(site.loss_file, loss.callable) if loss is not None and torch else None
    carried = _carried(site.pairing.loss.params)
    labels_text = _target_text(site, remedy, target)
    if function is None or carried is None or labels_text is None or _goes_on(site):
        return None
    return f"{function}({', '.join((prediction, labels_text, *carried))})"


def _carried(params: Args) -> tuple[str, ...] | None:
    """Arguments that mean the same in the new loss; None when one would be lost."""
    lost = ("weight", "pos_weight", "size_average", "reduce")
    reduction, ignored = params.get("reduction", Const("mean")), params.get("ignore_index", Const(-100))
    if any(params.get(name, WITHOUT_EFFECT) != WITHOUT_EFFECT for name in lost):
        return None
    if reduction == Const("mean+sum"):  # over samples and over classes: cross-entropy's own mean
        reduction = Const("mean")
    if reduction not in (Const("mean"), Const("sum")) or not isinstance(ignored, Const):
        return None
    changed = (("reduction", reduction, "mean"), ("ignore_index", ignored, -100))
    return tuple(
        f"{name}={value.value!r}".replace("'", '"')
        for name, value, default in changed
        if isinstance(value, Const) and value.value != default
    )


def _target_text(site: _Site, remedy: Remedy, target: ast.expr) -> str | None:
    """The target as the new loss takes it."""
    file = site.loss_file
    if remedy.target == "class index":
        if not _is_matrix(site) or not labels.are_one_hot(site.pairing):
            return None
        index = operands.index_labels(file, target, site.loss_statement)
        if index is not None:
            return file.source(index)
        text = file.source(target)
        return f"{text if operands.is_atom(target) else f'({text})'}.argmax(1)"
    if remedy.loss == "bce_with_logits" and not _same_shape_and_float(site.pairing):
        return None
    return file.source(target)


def _is_matrix(site: _Site) -> bool:
    """Whether the prediction has one row for each sample and one column for each class.

    Source text has no shapes; but `one_hot` adds the classes as the last axis, and the softmax is over the second.
    """
    target = site.pairing.target
    if site.pairing.prediction.dims:
        return len(site.pairing.prediction.dims) == 2 and site.head.axis in (None, 1)
    ops = [step.op for step in target.flow.steps] if target is not None else []
    after = ops[ops.index("one_hot") + 1 :] if "one_hot" in ops else ["unknown"]
    return site.head.axis == 1 and all(heads.role(op) is Role.CAST for op in after)


def _same_shape_and_float(pairing: Pairing) -> bool:
    """What binary cross-entropy insists on, and squared error does not."""
    target = pairing.target.flow if pairing.target is not None else None
    if target is None or not target.dims:
        return False
    sizes = [dim.size for dim in target.dims], [dim.size for dim in pairing.prediction.dims]
    return sizes[0] == sizes[1] and target.dtype is not None and "float" in target.dtype


def _goes_on(site: _Site) -> bool:
    """Whether the program reduces the loss further, behind the place that was recognised."""
    parent = site.loss_file.parents[site.loss_node]
    return isinstance(parent, ast.Attribute) and parent.attr != "backward"


def _asks_for_largest(file: File, node: ast.Name) -> bool:
    """`probs.argmax(1)`: the same of logits."""
    parent = file.parents[node]
    return isinstance(parent, ast.Attribute) and parent.attr == "argmax"


def _assigns_itself(statement: ast.stmt, inner: ast.expr) -> bool:
    """`x = softmax(x)`."""
    return (
        isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and ast.unparse(statement.targets[0]) == ast.unparse(inner)
    )


def _only_assigns(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets)


def _edit(file: File, node: ast.expr | ast.stmt, text: str) -> Edit:
    return Edit(file.place(file.span(node)), text)


def _atom(file: File, outer: ast.expr, inner: ast.expr) -> str:
    """The text of `inner` in the stead of `outer`, in brackets where it would bind otherwise."""
    alone = isinstance(file.parents[outer], ast.Assign | ast.Return | ast.Call | ast.keyword | ast.Expr)
    return file.source(inner) if alone or operands.is_atom(inner) else f"({file.source(inner)})"


def _shown(advice: Fix, files: Sequence[File], edits: tuple[Edit, ...], keeps_values: bool) -> Fix:
    """The statements that the edits touch, before and after; only the advice when the result were no Python."""
    before: list[str] = []
    after: list[str] = []
    for file in files:
        try:
            ast.parse(file.edited(edits))
        except SyntaxError:
            return advice
        for statement in _touched(file, edits):
            before.append(_plain(file.text, file.line_span(statement)))
            after.append(dedent(file.edited(edits, file.line_span(statement))).rstrip())
    return replace(
        advice,
        before="\n".join(before),
        after="\n".join(text for text in after if text),
        edits=edits,
        keeps_values=keeps_values,
    )


def _plain(text: str, span: tuple[int, int]) -> str:
    return dedent(text[span[0] : span[1]]).rstrip()


def _touched(file: File, edits: Sequence[Edit]) -> list[ast.stmt]:
    """The smallest statements that hold an edit, in the order of the file."""
    spans = [file.place_span(edit.place) for edit in edits if edit.place.path == file.path]
    statements = [node for node in ast.walk(file.tree) if isinstance(node, ast.stmt)]
    touched: list[ast.stmt] = []
    for start, end in sorted(spans):
        lines = ((node, file.line_span(node)) for node in statements)
        around = [(high - low, node) for node, (low, high) in lines if low <= start and end <= high]
        if around:
            node = min(around, key=lambda sized: sized[0])[1]
            touched += [node] if node not in touched else []
    return touched


def _elsewhere(site: _Site, change: _Change) -> str:
    place = change.edits[0].place
    where = f"line {place.line}" if place.path == site.loss_file.path else str(place)
    return f"drop the {site.head.op} in {where}, and apply it only where probabilities are read"

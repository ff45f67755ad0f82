"""Which library computes what Keras is asked for."""

from __future__ import annotations

import ast

_VARIABLE = "KERAS_BACKEND"


def backend(program: ast.Module) -> str | None:
    """The backend that a program sets for itself, where it sets one and the same without any condition.

    >>> backend(ast.parse('import os; os.environ["KERAS_BACKEND"] = "jax"; import keras'))
    'jax'
    >>> backend(ast.parse('import keras'))
    """
    named = {_assigned(statement) or _default(statement) for statement in program.body} - {None}
    return named.pop() if len(named) == 1 else None


def _assigned(statement: ast.stmt) -> str | None:
    """`os.environ["KERAS_BACKEND"] = "jax"`."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    if not isinstance(target, ast.Subscript) or ast.unparse(target.value) not in ("os.environ", "environ"):
        return None
    return _text(statement.value) if _text(target.slice) == _VARIABLE else None


def _default(statement: ast.stmt) -> str | None:
    """`keras.config.set_backend("jax")`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith("config.set_backend"):
        return None
    return _text(call.args[0]) if call.args else None


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

"""Which backend a program chooses for Keras: the one setting that the whole process shares."""

from __future__ import annotations

import ast

_NAME = "KERAS_BACKEND"


def backend_of(tree: ast.Module) -> str | None:
    """What the top level writes into `os.environ["KERAS_BACKEND"]`; None where it writes nothing, or several things.

    >>> backend_of(ast.parse('os.environ["KERAS_BACKEND"] = "jax"'))
    'jax'
    """
    chosen = {backend for statement in tree.body for backend in _chosen(statement)}
    return chosen.pop() if len(chosen) == 1 else None


def _chosen(statement: ast.stmt) -> list[str | None]:
    """Values of `os.environ[NAME] = value` and `keras.config.set_backend(value)`."""
    match statement:
        case ast.Assign(targets=[ast.Subscript(value=mapping, slice=ast.Constant(value=name))], value=value):
            found = name == _NAME and ast.unparse(mapping) in ("os.environ", "environ")
        case ast.Expr(value=ast.Call(func=function, args=[value])):
            found = ast.unparse(function).endswith("config.set_backend")
        case _:
            return []
    text = value.value if isinstance(value, ast.Constant) else None
    return [text if isinstance(text, str) else None] if found else []

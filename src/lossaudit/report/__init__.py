"""The roof: everything that shows a `lossaudit.result.Result`. One format a file, each with its own `render`."""

"""How frameworks other than PyTorch spell what the catalogue knows: a file each, loaded when it is asked for.

Each has `SPELLINGS`: by the catalogue's name of an operation or loss. PyTorch's names stand with the entries.
A row may end before parameters that do not change what is meant (`name`, `dtype`, `precision`, initialisers).
"""

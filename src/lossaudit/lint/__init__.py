"""`lossaudit lint`: which files, which rules, what is silenced, on all cores. What a file says is the reader's."""

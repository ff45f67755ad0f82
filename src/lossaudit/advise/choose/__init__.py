"""Which loss fits a task and its targets: a short list with reasons, code, and what is refused."""

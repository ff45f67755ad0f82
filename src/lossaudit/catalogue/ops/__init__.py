"""Every operation that may lie between logits and a loss, one file per role."""

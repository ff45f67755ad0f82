"""Every loss, one file per family."""

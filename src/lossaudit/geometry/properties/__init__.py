"""The properties of a loss that its card lists: one file each, all on programs."""

"""Side-by-side training: the same model, data, seeds and budget under several losses, and what that decides."""

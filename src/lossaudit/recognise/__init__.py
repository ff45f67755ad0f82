"""From a trace to the pairings in it: which head, which loss, which target."""

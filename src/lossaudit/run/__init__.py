"""Runs a user's script unchanged and watches what it trains on."""

"""Reads source text: which losses a program computes, and of what. Nothing is executed."""

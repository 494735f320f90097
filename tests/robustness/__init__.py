"""Fuzzers: whatever is put in or goes wrong, a result or a refusal in words."""

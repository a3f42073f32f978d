"""Mappings: what an administrator declares in YAML, compiled to values."""

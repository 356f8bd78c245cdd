"""Kinds: what may be written, as strict pydantic models and tables of data. Pure: no disk, no YAML, no Azure."""

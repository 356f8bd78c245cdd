"""Nouns: the frozen values every other room speaks in. No I/O, no clock, no third-party import."""

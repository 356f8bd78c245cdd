"""Text in, Desired out: the only place that knows YAML, globs and pydantic errors. No network, no clock."""

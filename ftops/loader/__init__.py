"""Text in, Desired out: the only place that knows YAML, globs and pydantic errors. No network, no clock."""

from ftops.loader.files import find_project
from ftops.loader.load import load
from ftops.loader.project import LedgerSettings, Project, load_project
from ftops.loader.schema import json_schema

__all__ = ["LedgerSettings", "Project", "find_project", "json_schema", "load", "load_project"]

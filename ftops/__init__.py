"""ftops keeps Azure OpenAI fine-tuning in the shape that YAML files in git describe."""

__version__ = "0.1.0"

"""The command line: parse, call the workspace, render, exit. Each command is a module that is imported when called."""

"""Values to text: plans, diagnostics, tables, progress. Nothing here decides, reads Azure or touches a disk."""

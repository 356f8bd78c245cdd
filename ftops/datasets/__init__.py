"""Dataset files: their canonical bytes, their hash, their rows. Reads disk, never the network, never shows a row."""

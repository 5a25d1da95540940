"""Tools of the project itself, run from its folder: none is installed."""

"""Everything that only a GPU can tell, measured by one command: see __main__.py."""

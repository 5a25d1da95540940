"""A loader and a reader that measure any relay in the same way."""

"""What was found, as a table, JSON, a page and plots, and compared with what was found before."""

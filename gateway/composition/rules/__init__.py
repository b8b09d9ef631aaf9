"""Rules that find mistakes, a family of codes a file; each docstring names its codes."""

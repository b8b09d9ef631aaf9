"""Composition: case files in ``cases/``, and the parts on their own."""

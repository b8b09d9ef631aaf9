"""The hand-written stories, grouped by where they are asked about: at a post, at a port, during a stay, on file."""

__all__: list[str] = []

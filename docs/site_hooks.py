"""What mkdocs does beside: the page of decisions lists them, each by its own title."""

from __future__ import annotations

from typing import Any

__all__ = ["on_page_markdown"]


def on_page_markdown(markdown: str, page: Any, files: Any, **_: Any) -> str:
    """The page's text; that of ``decisions/README.md`` with a line for each decision."""
    if page.file.src_uri != "decisions/README.md":
        return markdown
    listed = sorted(each.src_uri for each in files if each.src_uri.startswith("decisions/0"))
    titles = {name: _title(files.get_file_from_path(name).content_string) for name in listed}
    return (
        markdown
        + "\n"
        + "\n".join(f"* [{title}]({name.removeprefix('decisions/')})" for name, title in titles.items())
        + "\n"
    )


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("#").strip()

"""What mkdocs does beside: decisions are listed by their titles, the tour is README's, files of schema/ that pages name are there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

__all__ = ["on_page_markdown", "on_post_build"]

_BESIDE = re.compile(r"\]\(\.\./(schema/[\w./-]+)\)")


def on_post_build(config: Any, **_: Any) -> None:
    """Put the files of ``schema/`` that a page leads to where its link finds them: beside the pages' folders."""
    root, pages = Path(config.config_file_path).parent, Path(config.docs_dir).glob("*.md")
    for name in {found for page in pages for found in _BESIDE.findall(page.read_text(encoding="utf-8"))}:
        target = Path(config.site_dir) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, target)


def on_page_markdown(markdown: str, page: Any, files: Any, config: Any, **_: Any) -> str:
    """The page's text; that of ``decisions/README.md`` with a line for each decision, that of ``tour.md`` with README's tour."""
    if page.file.src_uri == "tour.md":
        return "# The tour\n\n" + _tour(Path(config.config_file_path).parent / "README.md")
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


def _tour(readme: Path) -> str:
    """README's two commands and its tour, with links as they are from ``docs/``."""
    text = readme.read_text(encoding="utf-8")
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    told = [part for part in parts if part.startswith(("## Two commands", "## Five minutes"))]
    return "".join(told).replace("](docs/", "](")


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("#").strip()

"""The templates of the pages in templates/."""

from functools import cache
from pathlib import Path

import jinja2

from core.bidi import without_bidi_controls


@cache
def template(name: str) -> jinja2.Template:
    """A template of templates/ by its file name. Texts are escaped; an unknown variable is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=lambda value: without_bidi_controls(value) if isinstance(value, str) else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)

"""Pages and papers from templates. jinja2 is an extra: nothing but paper needs it."""

from pathlib import Path
from typing import Any

from signer.core.errors import BadInput, Fault


def fill(template: Path, *, escape: bool, **values: Any) -> str:
    """Fill a template that lies in this package.

    Args:
        template: its file.
        escape: whether values are made safe for HTML.
        values: by the names that the template gives them; a missing one is a bug.

    Raises:
        BadInput: jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415 -- an extra: see above
    except ImportError:
        raise BadInput(
            "printing needs jinja2, which is not installed",
            fault=Fault.MACHINE,
            hint="pip install 'coldquorum[reports]'",
        ) from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=escape,  # noqa: S701 -- a paper in Markdown is no web page
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template.name).render(**values)

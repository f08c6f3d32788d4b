"""How the pages are built: MyST pages, notebooks that run at build time, docstrings as reference.

No inventory of another project is fetched, so the build needs no network; names of other projects
stay plain text, while a link to a name of ours that does not exist fails the build.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

# Directives of our own write pages from the library: laws, figures, fitted constants.
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "llm_economics"
author = "The llm_economics developers"
copyright = f"2026, {author}"  # noqa: A001  (Sphinx reads this name)
version = release = installed_version("llm_economics")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "catalogue",
    "formulary",
    "serving_constants",
    "step_constants",
]
exclude_patterns = ["_build", "_ext"]
suppress_warnings = ["config.cache"]

html_theme = "furo"
html_title = f"llm_economics {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

# Pages are run anew each time: a cache keyed by the page would hide a change of the library.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_render_markdown_format = "myst"  # plain CommonMark has no tables

autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_use_type_comments = False
numpydoc_show_class_members = False

# Links to other projects would need their inventories; links to our own names must hold.
nitpick_ignore_regex = [("py:.*", r"(?!llm_economics\.).*")]


def link_to_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: Element
) -> Element | None:
    """Send a link to where a name is defined to the page where the name is shown.

    Annotations name the defining module (`llm_economics.core.units.Quantity`), the reference shows
    the public name (`llm_economics.Quantity`). A type that has no page stays plain text in a
    signature, but a link that somebody wrote by hand must lead somewhere.
    """
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target.startswith("llm_economics."):
        return None
    python = env.domains.python_domain
    shown = [key for key in python.objects if key.rpartition(".")[2] == target.rpartition(".")[2]]
    if not shown:
        return None if node.hasattr("refexplicit") else contnode
    where = node.get("refdoc", env.docname)
    return python.resolve_xref(env, where, app.builder, "obj", min(shown, key=len), node, contnode)


def noun_signature(*event: Any) -> tuple[str, str] | None:
    """Show the fields of a noun by name and default; the class lists what each of them takes."""
    noun = event[3]
    if event[1] != "class" or not attrs.has(noun):
        return None
    fields = [field for field in attrs.fields(noun) if field.init and field.name != "provenance"]
    if not all(field.kw_only for field in fields):
        return None
    given = [field.alias + _default(field.default) for field in fields]
    return f"(*, {', '.join(given)})" if given else "()", ""


def _default(value: Any) -> str:
    if value is attrs.NOTHING:
        return ""
    return f"={value!r}" if value is None or isinstance(value, (str, bool, int)) else "=..."


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-signature", noun_signature)
    app.connect("missing-reference", link_to_public_name)

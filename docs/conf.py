"""What Sphinx is told; `python -m docs.build` starts it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pathway

project = "pathway"
author = "The authors of mir21-pathway"
copyright = author
release = version = pathway.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "sphinx_copybutton",
    "docs.vcodes",
]
myst_enable_extensions = ["attrs_inline", "attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 4
exclude_patterns = ["outputs"]
smartquotes = False
napoleon_google_docstring = False
napoleon_numpy_docstring = True
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False
pygments_style = "default"
copybutton_prompt_text = r"^\$ "
copybutton_prompt_is_regexp = True
copybutton_selector = (
    "div:not(.output) > div.highlight pre, div:not(.output) > .literal-block-wrapper div.highlight pre"
)

html_theme = "pydata_sphinx_theme"
html_title = "pathway"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "pathway"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "github-dark",
}
html_sidebars = {"index": [], "gallery/index": [], "develop/changelog": []}

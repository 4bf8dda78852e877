"""Sphinx's settings for the site; helpers/classroom/authoring/site/ writes the pages, and `make site` runs both.

What differs between books and languages, it defines as well.
"""

from sphinx.application import Sphinx

from helpers.classroom.authoring.site.korean_search import SearchKorean

project = "From vanishing gradients to a language model"
root_doc = "index"
extensions = ["myst_nb"]

nb_execution_mode = "off"  # the notebooks come with their outputs
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]

html_theme = "furo"
pygments_dark_style = "github-dark"
templates_path = ["templates"]
html_static_path = ["static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_use_index = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

mathjax_path = "mathjax.js"  # in _static
mathjax3_config = {"options": {"enableMenu": False}}  # the menu would ask for files that are not there


def setup(app: Sphinx) -> None:
    """Let Sphinx search in Korean, too."""
    app.add_search_language(SearchKorean)

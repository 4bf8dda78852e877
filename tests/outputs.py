"""What a notebook shows, in a form that is the same on every machine."""

import re

import nbformat

from helpers.classroom.authoring import build

#: A cell that says so shows what differs from run to run, such as times.
IGNORED = "# NBVAL_IGNORE_OUTPUT"

#: A picture with a rendering for a narrow page, which only the site has.
NARROW = re.compile("<picture><source[^>]*>(<img[^>]*>)</picture>")


def outputs(notebook):
    """What each code cell of a notebook shows, by its id: what was printed, and the text of all else.

    Pictures are left out, also those for a narrow page, and so is a cell whose output differs from run to run.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and IGNORED not in cell.source]
    return {cell.id: (_printed(cell), _shown(cell)) for cell in code}


def _printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def _shown(cell):
    return [
        {
            kind: NARROW.sub(r"\1", re.sub(build.PAYLOAD, build.PLACEHOLDER, text))
            for kind, text in output.data.items()
            if kind.startswith("text/")
        }
        for output in cell.outputs
        if "data" in output
    ]


def committed(source):
    """The solution as it was committed, with its outputs."""
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)

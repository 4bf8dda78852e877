"""Which code of a notebook its page shows: what only draws, imports or tests stands between a reader and the idea."""

import ast

from nbformat import NotebookNode

from helpers.classroom.authoring.source import grading


def leave_out_plumbing(notebook: NotebookNode) -> None:
    """Leave out assertions, and the code of cells that only draw; fold cells that only import. Exercises stay whole."""
    notebook.cells = [cell for cell in notebook.cells if not _is_mere_test(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code" and not grading(cell):
            cell.source = _without_assertions(cell.source)
            cell.metadata.tags = _tags(ast.parse(cell.source))


def _is_mere_test(cell: NotebookNode) -> bool:
    """Return whether a cell shows nothing but asserts something; its other lines serve the assertions."""
    if cell.cell_type != "code" or grading(cell) or cell.outputs:
        return False
    return any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(cell.source)))


def _without_assertions(source: str) -> str:
    asserting = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt) and _only_asserts(node)]
    dropped = {number for node in asserting for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return "\n".join(line for number, line in enumerate(source.split("\n"), 1) if number not in dropped)


def _only_asserts(node: ast.stmt) -> bool:
    match node:
        case ast.Assert():
            return True
        case ast.For(body=body, orelse=other) | ast.While(body=body, orelse=other) | ast.If(body=body, orelse=other):
            return all(map(_only_asserts, [*body, *other]))
    return False


def _tags(tree: ast.Module) -> list[str]:
    """Return MyST-NB's tags for a cell."""
    if tree.body and all(map(_only_imports, tree.body)):
        return ["hide-input"]
    if len(tree.body) == 1 and _only_draws(tree.body[0]):
        return ["remove-input"]
    return []


def _only_imports(node: ast.stmt) -> bool:
    """Return whether a statement imports something, or takes over answers from other notebooks."""
    if isinstance(node, ast.Assign):
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        return all(isinstance(value, ast.Call) and ast.unparse(value.func) == "answer" for value in values)
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _only_draws(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="plots")))):
            return True
    return False

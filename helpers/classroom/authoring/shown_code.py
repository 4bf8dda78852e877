"""Which code of a notebook is shown: what only draws, imports or tests stands between a reader and the idea."""

import ast

from nbformat import NotebookNode


def fold_plumbing(cell: NotebookNode) -> None:
    """Let JupyterLab fold the code of a cell that only draws or tests, in place.

    Its first line stays in view, and a click opens it; so of a single line there is nothing to fold.

    Raises:
        SyntaxError: its code is no Python.
    """
    if _is_plain_code(cell) and "\n" in cell.source and (_only_draws(ast.parse(cell.source)) or _only_tests(cell)):
        cell.metadata.jupyter = NotebookNode(source_hidden=True)


def leave_out_plumbing(notebook: NotebookNode) -> None:
    """Leave out assertions, and the code of cells that only draw; fold cells that only import. Exercises stay whole."""
    notebook.cells = [cell for cell in notebook.cells if not (_is_plain_code(cell) and _only_tests(cell))]
    for cell in filter(_is_plain_code, notebook.cells):
        cell.source = _without_assertions(cell.source)
        cell.metadata.tags = _tags(ast.parse(cell.source))


def _is_plain_code(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and not cell.metadata.get("nbgrader")


def _only_tests(cell: NotebookNode) -> bool:
    """Return whether a cell asserts something and shows nothing; what it assigns serves the assertions."""
    body = ast.parse(cell.source).body
    tests = [node for node in body if _only_asserts(node)]
    return bool(tests) and not cell.outputs and all(node in tests or isinstance(node, ast.Assign) for node in body)


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
    if _only_draws(tree):
        return ["remove-input"]
    return []


def _only_imports(node: ast.stmt) -> bool:
    """Return whether a statement imports something, or takes over answers from other notebooks."""
    if isinstance(node, ast.Assign):
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        return all(isinstance(value, ast.Call) and ast.unparse(value.func) == "answer" for value in values)
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _only_draws(tree: ast.Module) -> bool:
    match tree.body:
        case [ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="plots"))))]:
            return True
    return False

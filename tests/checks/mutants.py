"""Generated wrong answers: a right one with one operator, operand, axis, transpose, number or statement changed."""

import ast
import copy
import re
import sys

from helpers.checks.edits import source_of

#: What an operator is changed to.
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
}


#: A list that is put into itself: NumPy takes minutes to find that it never ends.
INTO_ITSELF = re.compile(r"\b(\w+)\.append\(\1\)|^\s*(\w+)\[[^]]*\] = \2$", re.MULTILINE)


def mutants(target):
    """Yield the text of each change of a function's or class's source, and the changed function or class."""
    tree = ast.parse(source_of(target))
    for place, node in enumerate(ast.walk(tree)):
        for change in _changes(node, _names_beside(tree, node)):
            changed = copy.deepcopy(tree)
            twin = next(one for number, one in enumerate(ast.walk(changed)) if number == place)
            before = ast.unparse(twin)
            change(twin)
            if INTO_ITSELF.search(ast.unparse(changed)):
                continue
            names = dict(vars(sys.modules[target.__module__]))
            try:
                exec(compile(ast.fix_missing_locations(changed), "<a mutant>", "exec"), names)
            except (SyntaxError, TypeError, ValueError):  # the changed syntax means nothing
                continue
            yield f"{before} → {ast.unparse(twin)}", names[target.__name__]


def _names_beside(tree, node):
    """The local variables of the function that `node` stands in."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and node in ast.walk(function):
            inside = (one for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
            return sorted({one.id for one in inside} | {one.arg for one in function.args.args} - {"self"})
    return []


def _changes(node, names):
    """Yield functions that change a node in place."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield lambda twin: setattr(twin, "op", OPERATORS[type(twin.op)]())
    if isinstance(node, ast.BinOp):
        yield _swap_operands
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            yield lambda twin: _become(twin, twin.left)
            yield lambda twin: _become(twin, twin.right)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield lambda twin: setattr(twin, "ops", [OPERATORS[type(twin.ops[0])]()])
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield lambda twin: _become(twin, twin.value)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield lambda twin: setattr(twin, "value", twin.value + 1)
    if isinstance(node, ast.Assign | ast.AugAssign) and isinstance(node, ast.AugAssign):
        yield lambda twin: _become(twin, ast.Pass())
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for name in names:
            if name != node.id:
                yield lambda twin, name=name: setattr(twin, "id", name)


def _swap_operands(node):
    node.left, node.right = node.right, node.left


def _become(node, other):
    """Turn a node into another one, in its place."""
    other = copy.deepcopy(other)
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)

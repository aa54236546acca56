"""What a statement of a notebook does to names: what it reads, binds and changes.

Told from its text alone, so it is an estimate: which branch is taken is not known, and a method changes its object
unless `purity` lists it. Names of functions' bodies count separately, as a body runs later, or never.
"""

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from autograder.examiner.references import (
    TRAINING,
    Effects,
    Function,
    Uses,
    body_modules,
    body_uses,
    may_change,
    passed,
    root,
)
from autograder.examiner.statements import Scopes, Statements, magic, parse


def effects(cell: Statements) -> list[Effects]:
    """What each statement of `cell` does, in order."""
    found = []
    for statement in cell.body:
        reader = _Reader(cell.scopes)
        reader.visit(statement)
        reader.effects.sure = reader.bound
        found.append(reader.effects)
    return found


class _Reader(ast.NodeVisitor):
    """Visits one statement in the order in which it runs."""

    def __init__(self, scopes: Scopes) -> None:
        self.effects = Effects()
        self.bound: set[str] = set()  # names that are bound on each way that leads here
        self._scopes = scopes
        self._local: set[str] = set()  # names of the comprehension or class around
        self._in_class = False

    # Names.

    def _read(self, name: str) -> None:
        if name not in self._local and name not in self.bound:
            self.effects.now.reads.add(name)

    def _bind(self, name: str, kind: set[str] | None = None) -> None:
        if self._in_class:
            self._local.add(name)
            return
        (self.effects.now.binds if kind is None else kind).add(name)
        self.bound.add(name)

    def _mutate(self, node: ast.AST, kind: set[str]) -> None:
        name = root(node)
        if name is not None and name not in self._local:
            kind.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        else:
            self._read(node.id)
            self._bind(node.id)
            self.bound.discard(node.id)

    def visit_Attribute(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._mutate(node.value, self.effects.now.changes)
        if isinstance(node, ast.Attribute) and node.attr in TRAINING:
            self.effects.now.trains = True
        self.generic_visit(node)

    visit_Subscript = visit_Attribute

    def visit_Call(self, node: ast.Call) -> None:
        spell = magic(node)
        if spell is not None:
            around = self._local, self._in_class, self._scopes
            if spell.own_scope:
                self._local, self._in_class = set(self._local), True
            for cell in filter(None, map(parse, spell.code)):
                self._scopes = cell.scopes
                self._all(cell.body)
            self._local, self._in_class, self._scopes = around
            for name in spell.binds:
                self._bind(name)
            return
        if may_change(node):
            self._mutate(node.func, self.effects.now.calls)
        if isinstance(node.func, ast.Name):
            self.effects.called |= {node.func.id} - self._local - self.bound
        self.effects.passed |= {pair for pair in passed(node) if pair[1] not in self._local}
        self.generic_visit(node)

    # Statements that bind.

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.effects.modules.add(alias.name)
            self._bind(alias.asname or alias.name.partition(".")[0], self.effects.imports)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and not node.level:
            self.effects.modules.add(node.module)
        for alias in node.names:
            self._bind(alias.asname or alias.name, self.effects.imports)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._give(node.value)
        self._all(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self._give(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self._all([node.value, node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._all([node.value, node.target])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        self._all(node.decorator_list)
        self._all([a.annotation for a in arguments if a is not None] + [node.returns])
        body = self._body(node)
        self.effects.later.add(body)
        if node.decorator_list:  # one may run it at once
            self.effects.now.reads |= body.reads - self.bound
        self._define(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._all([*node.decorator_list, *node.bases, *node.keywords])
        around = self._local, self._in_class
        self._local, self._in_class = set(self._local), True
        self._all(node.body)
        self._local, self._in_class = around
        self._define(node.name)

    def _define(self, name: str) -> None:
        if not self._in_class:
            self.effects.defines.add(name)
        self._bind(name)

    # Ways that part and meet.

    def _ways(self, *ways: Sequence[ast.AST]) -> None:
        """One of `ways` is gone; afterwards bound is what is bound in each that does not end in `raise`."""
        before, ends = self.bound, []
        for way in ways:
            self.bound = set(before)
            self._all(way)
            last = way[-1] if way else None
            if isinstance(last, ast.ExceptHandler):
                last = last.body[-1]
            if not isinstance(last, ast.Raise):
                ends.append(self.bound)
        self.bound = set.intersection(*ends) if ends else before

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._ways(node.body, node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._ways(node.body, [])
        self._ways(node.orelse, [])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._all([node.iter, node.target])
        self._ways(node.body, [])
        self._ways(node.orelse, [])

    visit_AsyncFor = visit_For

    def visit_Try(self, node: ast.Try) -> None:
        self._ways([*node.body, *node.orelse], *([handler] for handler in node.handlers))
        self._all(node.finalbody)

    def visit_TryStar(self, node: Any) -> None:  # ast.TryStar, which Python 3.10 lacks
        self.visit_Try(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._all([node.type])
        if node.name is not None:
            self._bind(node.name)
        self._all(node.body)
        self.bound.discard(node.name or "")

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self._ways(*([case] for case in node.cases), [])

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name is not None:
            self._bind(node.name)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest is not None:
            self._bind(node.rest)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._ways(node.values[1:], [])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._ways([node.body], [node.orelse])

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehension(node.generators, [node.elt])

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def _comprehension(self, generators: list[ast.comprehension], elements: list[ast.expr]) -> None:
        self.visit(generators[0].iter)
        around, bound, in_class = self._local, set(self.bound), self._in_class
        targets = [name for g in generators for name in ast.walk(g.target) if isinstance(name, ast.Name)]
        self._local, self._in_class = around | {name.id for name in targets}, False
        for position, generator in enumerate(generators):
            self._all([*([generator.iter] if position else []), *generator.ifs])
        self._all(elements)
        self._local, self.bound, self._in_class = around, bound, in_class

    # Functions, and values that are given on.

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A lambda given to a call: it may run at once."""
        uses = self._body(node)
        uses.reads -= self.bound
        self.effects.now.add(uses)

    def _give(self, value: ast.expr | None) -> None:
        """Visit a value that is bound to a name: what only stands in it, alone or in displays, is not run."""
        match value:
            case ast.Name():
                if value.id not in self._local and value.id not in self.bound:
                    self.effects.mentions.add(value.id)
            case ast.Lambda():
                self.effects.later.add(self._body(value))
            case ast.List() | ast.Tuple() | ast.Set():
                for element in value.elts:
                    self._give(element)
            case ast.Dict():
                for part in [*value.keys, *value.values]:
                    self._give(part)
            case _:
                self._all([value])

    def _body(self, node: Function) -> Uses:
        """Visit a function's defaults; returns what its body does when it is called."""
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            self._give(default)
        self.effects.modules |= body_modules(node)
        return body_uses(node, self._scopes)

    def _all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

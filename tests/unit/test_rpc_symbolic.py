"""SymPy's expressions cross as text and are rebuilt from its syntax alone: nothing in it is evaluated."""

import pytest
import sympy

from autograder.rpc.frames import RpcError
from autograder.rpc.symbolic import rebuild, text_of

x, p = sympy.symbols("x"), sympy.symbols("p", positive=True)
EXPRESSIONS = [
    *(x**2 - 3 * x + sympy.Rational(1, 3), sympy.sin(x) / p, sympy.pi * sympy.E + sympy.I, sympy.oo, sympy.Integer(-5)),
    *(sympy.Float("1.25"), sympy.Function("f")(x).diff(x), sympy.Integral(x, (x, 0, 1)), sympy.Eq(x, 2), p > 1),
    *(sympy.Matrix([[1, x], [0, 2]]), sympy.FiniteSet(1, x), sympy.Sum(x, (x, 1, 3)), sympy.sqrt(p)),
]


@pytest.mark.parametrize("value", EXPRESSIONS, ids=str)
def test_an_expression_arrives_as_it_is(value: object) -> None:
    text = text_of(value)
    assert text is not None
    assert rebuild(text) == value
    assert type(rebuild(text)) is type(value)


def test_a_symbol_keeps_its_assumptions() -> None:
    assert rebuild(text_of(p)).is_positive
    assert rebuild(text_of(x)).is_positive is None


def test_what_is_no_expression_has_no_text() -> None:
    assert [text_of(value) for value in (1, "x", [x], sympy, sympy.sin)] == [None] * 5


@pytest.mark.parametrize(
    "text",
    [
        *("__import__('os').system('true')", "Add('__import__(\"os\")', 1)", "Symbol('x').func", "sympify('1')"),
        *("Symbol(__import__)", "lambda: 1", "[Symbol('x') for x in (1,)]", "Function('f')('1')", "os", "plot", "S"),
        *(
            "Integer('1')",
            "Pow(Integer(2), 'x')",
            "Symbol(*[1])",
            "Symbol(**{})",
            "Symbol",
            "Add.eval",
            "1 if 1 else 2",
        ),
        *(
            "parse_expr('1')",
            "Matrix('1')",
            "Symbol('x', cls=Symbol)",
            "(" * 500,
            "",
            "Lambda(1)",
            "0x" + "f" * 300_000,
        ),
    ],
    ids=lambda text: text[:30],
)
def test_a_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(RpcError):
        rebuild(text)

"""What crosses costs the examiner a bounded time, whatever is done with it; what can't cross is named as the reason."""

import decimal
import fractions
import time
from typing import Any

import pytest
from rpc_pair import examining

from autograder.rpc.decoder import Decoder
from autograder.rpc.frames import RpcError

COSTLY = {
    "a decimal's exponent": "decimal.Decimal('1e999999999')",
    "a negative exponent": "decimal.Decimal('-1e-999999999')",
    "a decimal's digits": "decimal.Decimal('7' * 100_000)",
    "an integer": "1 << 50_000_000",
    "a fraction": "fractions.Fraction((1 << 3_000_000) + 1, (1 << 2_000_000) + 1)",
    "one in a list": "[0, {'x': (decimal.Decimal('1e999999999'),)}]",
    "an attribute of a namedtuple": "collections.namedtuple('P', 'x')(1 << 50_000_000)",
    "empty rows": "np.zeros((1 << 38, 0))",
    "empty rows of objects": "np.zeros((1 << 38, 0), object)",
    "keys of one hash": "{i * ((1 << 61) - 1) for i in range(1, 3000)}",
    "a dict's keys of one hash": "{i * ((1 << 61) - 1): i for i in range(1, 3000)}",
}


@pytest.mark.parametrize("what", COSTLY)
def test_a_value_whose_use_would_take_for_ever_does_not_cross_and_says_why(what: str) -> None:
    code = f"import collections, decimal, fractions\nimport numpy as np\ndef make():\n    return {COSTLY[what]}\n"
    with examining(f"{code}value = make()\n") as (_, fetch):
        for ask in (lambda: fetch("value"), fetch("make")):
            with pytest.raises((TypeError, RpcError)) as caught:
                ask()
            assert any(word in str(caught.value) for word in ("cross", "shape", "hash"))


HONEST = {
    "2 ** 200_000": "2 ** 200_000",
    "a factorial": "math.factorial(10_000)",
    "5,000 digits": "decimal.Decimal(1).scaleb(-4_999) + decimal.Decimal(3)",
    "a small decimal": "decimal.Decimal('1e-6143')",
    "not a number": "decimal.Decimal('Infinity')",
    "a harmonic number": "sum(fractions.Fraction(1, n) for n in range(1, 2000))",
    "an empty batch": "np.zeros((0, 28, 28, 1)).tolist() or np.zeros((0, 28, 28, 1)).shape",
    "many keys": "{n: str(n) for n in range(5000)}",
    "equal keys of many types": "{0, 0.5, 'a', (1, 2), frozenset({3}), decimal.Decimal('1.5')}",
}


@pytest.mark.parametrize("what", HONEST)
def test_what_honest_code_computes_crosses(what: str) -> None:
    setup = "import decimal, fractions, math\nimport numpy as np\ndecimal.getcontext().prec = 6000\n"
    space: dict[str, Any] = {}
    with decimal.localcontext():
        exec(f"{setup}value = {HONEST[what]}", space)
    with examining(f"{setup}value = {HONEST[what]}") as (_, fetch):
        assert fetch("value") == space["value"]


@pytest.mark.parametrize(
    "node",
    [
        {"t": "Decimal", "v": "1e999999999"},
        {"t": "int", "v": hex(1 << 3_000_000)},
        {"t": "Fraction", "v": [1, 0]},
        {"t": "Fraction", "v": ["1e999999999"]},
        {"t": "dtype", "d": [["a", "<f8", [1 << 30]]]},
        {"t": "array", "d": "<f8", "s": [1 << 39, 0], "b": 0},
        {"t": "array", "d": "<U0", "s": [1 << 39], "b": 0},
        {"t": "objects", "s": [1 << 39, 0], "v": []},
    ],
    ids=str,
)
def test_a_message_made_by_hand_gets_no_further(node: dict[str, Any]) -> None:
    decoder = Decoder([node], [bytearray()], lambda *_: None)
    started = time.monotonic()
    with pytest.raises(RpcError):
        decoder.value([0])
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("value", "use"),
    [
        (decimal.Decimal("9e19999"), int),
        (decimal.Decimal("9e-19999"), decimal.Decimal.as_integer_ratio),
        ((1 << (1 << 20)) - 1, lambda n: n // 3**300_000),
        (fractions.Fraction(3**40_000, 2**60_000), lambda f: f * f + f),
    ],
    ids=["decimal", "ratio", "integer", "fraction"],
)
def test_the_largest_that_crosses_is_used_in_seconds(value: Any, use: Any) -> None:
    started = time.process_time()
    use(value)
    assert time.process_time() - started < 10

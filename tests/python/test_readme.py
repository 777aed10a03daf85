"""The Python example of the README runs and prints what is written there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_readme() -> None:
    parser = doctest.DocTestParser()
    assert BLOCKS
    for block in BLOCKS:
        example = parser.get_doctest(block, {}, README.name, str(README), 0)
        assert example.examples
        assert doctest.DocTestRunner().run(example).failed == 0

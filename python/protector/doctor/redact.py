"""What must not leave the machine is taken out of a report: what is known to be secret, and what looks like it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

_STARS = "***"
#: What stands in front of it in a name does not matter. Lengths are bound: a line of a log may be long.
_NAME = r"(?:token|passw(?:or)?d|secret|api[_-]?key|credential|signature|authorization)[\w.-]{0,32}"
_SCHEME = r"[\"']?(?!(?:bearer|basic)\s)"
_VALUE = r"[^\s\"',;&}\])]"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
#: ``name = value`` and ``name: value`` lines of a configuration.
_LINE = re.compile(r"^\s*(?P<name>[^\s=:#;\[]+)\s*[=:]\s*(?P<value>.+?)\s*$", re.MULTILINE)
#: Shorter ones would take words out of every sentence.
_SHORTEST = 6
#: Each with what stays of it in front of the stars.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # user and password of a URL
        r"(?P<kept>://)[^/\s'\"]{1,512}(?=@)",
        r"(?P<kept>\b(?:bearer|authorization[\"']?:[ \t]*[\"']?basic)[ \t]+)[\w.~+/=-]{8,}",
        # name=value, "name": "value"; a scheme is no value
        rf"(?P<kept>{_NAME}[\"']?[ \t]*=[ \t]*{_SCHEME}){_VALUE}+",
        # behind a colon a short word is one of a sentence
        rf"(?P<kept>{_NAME}[\"']?[ \t]*:[ \t]*{_SCHEME}){_VALUE}{{5,}}",
        # a token of Keystone or of our own keys, and one of JSON
        r"(?P<kept>)(?-i:\bgAAAA)[\w=-]{16,}",
        r"(?P<kept>)(?<![\w-])(?-i:eyJ)[\w-]{8,}\.[\w-]+\.[\w-]*",
        # a private key, and a line of one whose beginning is not shown
        r"(?P<kept>)-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|\Z)",
        r"(?P<kept>^)[A-Za-z0-9+/=]{60,}$",
    )
)


class Redaction:
    """Takes secrets out of data.

    >>> Redaction(["T-12345678"]).text("https://u:p@h/?token=abc says T-12345678")
    'https://***@h/?token=*** says ***'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # the longest first: one may be the beginning of another
        self._secrets = sorted({each for each in secrets if len(each) >= _SHORTEST}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without them."""
        for secret in self._secrets:
            text = text.replace(secret, _STARS)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<kept>{_STARS}", text)
        return text

    def of(self, data: Any) -> Any:
        """JSON-compatible data with every text in it redacted, also those that are names."""
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, dict):
            return {self.text(str(name)): self.of(value) for name, value in data.items()}
        if isinstance(data, list) and data and all(isinstance(line, str) for line in data):
            # a secret may go over lines
            return self.text("\n".join(data)).split("\n")
        if isinstance(data, (list, tuple)):
            return [self.of(value) for value in data]
        return data


def secrets_of(files: Iterable[str]) -> Iterator[str]:
    """The secrets that this process can know: what the files and the environment write under the name of one, and what
    references there lead to."""
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name):
            yield value
    for file in files:
        for line in _LINE.finditer(_content(file)):
            if _SECRET_NAME.search(line["name"]):
                yield from _values(line["value"])
            elif "://" in line["value"] and "@" in line["value"]:
                yield from _password(line["value"])


def _content(path: str) -> str:
    """What cannot be read cannot come into the report from here either."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def _values(value: str) -> Iterator[str]:
    scheme, _, rest = value.partition(":")
    if scheme == "env":
        yield os.environ.get(rest, "")
    elif scheme == "file":
        yield _content(rest).strip()
    elif scheme != "castellan":
        yield value
        # behind a comment that was ignored
        yield value.partition(" #")[0].strip()


def _password(url: str) -> Iterator[str]:
    user = url.partition("://")[2].rpartition("@")[0]
    password = user.partition(":")[2]
    yield password
    yield unquote(password)

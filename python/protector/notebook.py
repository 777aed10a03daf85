"""How plans and reports look in a notebook: each in a frame, so that its style changes nothing around it."""

from __future__ import annotations


def framed(document: str) -> str:
    """A whole HTML document as a part of another one. It may run nothing."""
    import html  # only notebooks need it

    return f'<iframe sandbox srcdoc="{html.escape(document)}" style="border: 0; width: 100%; height: 36em"></iframe>'


def bundle(text: str, document: str, picture: str | None = None) -> dict[str, str]:
    """The forms that a front end chooses from, by media type."""
    forms = {"text/plain": text, "text/html": framed(document)}
    return forms if picture is None else {**forms, "image/svg+xml": picture}

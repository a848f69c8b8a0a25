"""Answers that hold a mail: shown in a sandboxed frame, with a policy that allows the styles that mails are made of."""

from __future__ import annotations

from django.http import HttpResponse

#: No script, no form, no frame; styles and pictures as mails have them.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data: cid:; font-src data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


def mail_frame(html: str, status: int = 200) -> HttpResponse:
    """A mail's HTML as an answer of its own."""
    response = HttpResponse(html, status=status)
    response["Content-Security-Policy"] = _POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response

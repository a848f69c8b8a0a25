"""The demo company's white paper: a small, real PDF, written by hand (text, two standard fonts, no library)."""

from __future__ import annotations

from textwrap import wrap

from .pages import ARTICLES, COMPANY

WIDTH, HEIGHT, MARGIN = 595, 842, 72
Line = tuple[str, int, str]  # font, size, text


def white_paper() -> bytes:
    """The file's bytes; the same ones on every call."""
    pages = [_cover()]
    for article in ARTICLES:
        lines: list[Line] = [("F2", 20, line) for line in wrap(article.title, 38)]
        lines += [("F1", 12, ""), *[("F1", 12, line) for line in wrap(article.lead, 74)]]
        for heading, text in article.paragraphs:
            lines += [("F1", 12, ""), ("F2", 14, heading), *[("F1", 11, line) for line in wrap(text, 84)]]
        pages.append(_page(lines))
    return _file(pages)


def _cover() -> bytes:
    frame = f"0.06 0.46 0.43 rg 0 {HEIGHT - 330} {WIDTH} 330 re f 1 1 1 rg "
    title = (
        f"BT /F2 34 Tf {MARGIN} {HEIGHT - 190} Td (The forecasting) Tj 0 -42 Td (playbook) Tj ET "
        f"BT /F1 13 Tf {MARGIN} {HEIGHT - 290} Td (How forty-one grocers halved the error on Saturdays) Tj ET "
        f"0.2 0.3 0.3 rg BT /F1 12 Tf {MARGIN} 90 Td ({COMPANY}) Tj ET"
    )
    return (frame + title).encode("cp1252")


def _page(lines: list[Line]) -> bytes:
    out, y = ["0.06 0.13 0.12 rg"], HEIGHT - MARGIN
    for font, size, text in lines:
        y -= round(size * 1.5)
        if text:
            safe = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
            out.append(f"BT /{font} {size} Tf {MARGIN} {y} Td ({safe}) Tj ET")
    return "\n".join(out).encode("cp1252", "replace")


def _file(pages: list[bytes]) -> bytes:
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    for n, content in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {6 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)

"""Names in any script, and the company that an address speaks of."""

from __future__ import annotations

import re
import unicodedata

#: Han, Hangul, Kana: scripts whose words are short and written without spaces.
CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
_ONLY_CJK = re.compile(f"^[{CJK}·・]+$")
_TWO_LETTER_SURNAMES = frozenset(
    "남궁 황보 제갈 사공 선우 서문 독고 동방 欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 慕容 皇甫 尉迟 公孙 令狐".split()  # noqa: SIM905
)

#: Mail services for everybody: an address there says nothing about a company.
FREE_MAIL = frozenset(
    """gmail.com googlemail.com outlook.com hotmail.com hotmail.co.uk hotmail.fr live.com msn.com yahoo.com yahoo.co.uk
    yahoo.co.jp yahoo.de yahoo.fr ymail.com icloud.com me.com mac.com aol.com gmx.de gmx.net gmx.com gmx.at web.de
    t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com proton.me protonmail.com pm.me tutanota.com zoho.com
    fastmail.com hey.com naver.com daum.net hanmail.net kakao.com nate.com qq.com foxmail.com 163.com 126.com 139.com
    sina.com sina.cn sohu.com aliyun.com yeah.net orange.fr free.fr laposte.net wanadoo.fr libero.it virgilio.it
    seznam.cz wp.pl o2.pl rediffmail.com comcast.net att.net verizon.net docomo.ne.jp ezweb.ne.jp""".split()  # noqa: SIM905
)


_LEGAL_FORM = re.compile(
    r"\b(inc|llc|ltd|limited|gmbh|ag|corp|corporation|co|sa|sas|bv|plc|kk)\b\.?"
    r"|주식회사|\(주\)|㈜|有限公司|株式会社"
)


def company_domain(email: str) -> str:
    """The domain of an address where it can name a company; "" for mail services open to everybody."""
    domain = email.rpartition("@")[2].lower()
    return "" if domain in FREE_MAIL else domain


def full_name(first: str, last: str) -> str:
    """First and last name as one writes them: "Amelia Stone", but "김지수" without a space and surname first."""
    first, last = first.strip(), last.strip()
    if first and last and _ONLY_CJK.match(first) and _ONLY_CJK.match(last):
        return last + first
    return f"{first} {last}".strip()


def split_name(name: str) -> tuple[str, str]:
    """First and last name of a whole one. A guess, good enough to greet by."""
    name = name.strip()
    if _ONLY_CJK.match(name) and 2 <= len(name) <= 5:
        cut = 2 if name[:2] in _TWO_LETTER_SURNAMES and len(name) > 2 else 1
        return name[cut:], name[:cut]
    if ", " in name:
        last, _, first = name.partition(", ")
        return first.strip(), last.strip()
    first, _, last = name.partition(" ")
    return first, last.strip()


def initials(name: str, email: str = "") -> str:
    """One or two letters for the avatar: "AS", "김"."""
    words = [w for w in re.split(r"[\s._-]+", (name or email.partition("@")[0]).strip()) if w and w[0].isalnum()]
    if not words:
        return "?"
    if re.match(f"[{CJK}]", words[0]):
        return words[0][0]
    last = words[-1][0] if len(words) > 1 and not re.match(f"[{CJK}]", words[-1]) else ""
    return (words[0][0] + last).upper()


def same_name(name: str) -> str:
    """What two spellings of one company name have in common: lower case, no legal form, no punctuation."""
    text = unicodedata.normalize("NFKC", name).casefold()
    text = _LEGAL_FORM.sub(" ", text)
    return re.sub(r"[^\w]+", " ", text).strip() or name.casefold().strip()

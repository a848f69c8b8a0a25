# ruff: noqa: E501
"""What the demo's people are made of: places, names in their scripts, companies, jobs, where visitors come from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    country: str
    weight: int
    language: str
    zone: str
    cities: tuple[str, ...]
    #: (as written, in Latin letters for the address); the same text where they are equal
    first: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]
    companies: tuple[tuple[str, str], ...]
    family_first: bool = False


def _same(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, latin(word)) for word in text.split("|"))


SPECIAL: dict[str, str | int | None] = {"ß": "ss", "ø": "o", "ł": "l", "'": "", " ": "-"}


def latin(word: str) -> str:
    """A name as it stands in an address."""
    word = word.lower().translate(str.maketrans(SPECIAL))
    return unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a, _, b in (w.partition("=") for w in text.split("|")))


PLACES: tuple[Place, ...] = (
    Place("NL", 9, "nl", "Europe/Amsterdam", ("Utrecht", "Rotterdam", "Eindhoven"), _same("Sanne|Daan|Lotte|Bram|Fleur|Thijs|Noor"), _same("de Vries|Bakker|Visser|Smit|Mulder|Dekker"), _same("Groenmarkt|Van Dael Winkels|Polder Foods|Tulpstad Wonen")),
    Place("DE", 12, "de", "Europe/Berlin", ("Hamburg", "Köln", "Leipzig", "München"), _same("Anna|Lukas|Jörg|Katrin|Felix|Mareike|Jürgen|Sabine"), _same("Müller|Schäfer|Köhler|Weiß|Brandt|Vogel|Krüger"), _same("Kaufhof Nord|Bergmann Märkte|Hansa Drogerie|Lindenhof Möbel|Rheinkauf")),
    Place("FR", 9, "fr", "Europe/Paris", ("Lyon", "Nantes", "Lille"), _same("Camille|Hugo|Élodie|Théo|Manon|Julien|Chloé"), _same("Lefèvre|Moreau|Garnier|Rousseau|Dubois|Faure"), _same("Maison Verdier|Les Halles du Sud|Épicerie Moderne|Printania")),
    Place("IT", 7, "it", "Europe/Rome", ("Bologna", "Torino", "Verona"), _same("Giulia|Marco|Chiara|Matteo|Elena|Davide"), _same("Bianchi|Ferrari|Conti|Greco|Marino|Rinaldi"), _same("Bellaria|Mercato Adige|Casa Pellegrini")),
    Place("SE", 6, "sv", "Europe/Stockholm", ("Malmö", "Göteborg", "Uppsala"), _same("Elsa|Oskar|Maja|Nils|Åsa|Linnéa"), _same("Lindqvist|Åkesson|Sjöberg|Nyström|Holm"), _same("Fjord Dagligvarer|Björk Hem|Norrköps Livs")),
    Place("ES", 6, "es", "Europe/Madrid", ("Valencia", "Sevilla", "Bilbao"), _same("Lucía|Álvaro|Carmen|Iker|Marta|Pablo"), _same("García|Núñez|Ibáñez|Romero|Ortega"), _same("Mercados Alba|La Despensa|Casa Olmo")),
    Place("PL", 4, "pl", "Europe/Warsaw", ("Kraków", "Wrocław", "Gdańsk"), _same("Agnieszka|Piotr|Zofia|Tomasz|Małgorzata"), _pairs("Kowalska=kowalska|Wiśniewski=wisniewski|Wójcik=wojcik|Zielińska=zielinska"), _pairs("Sklepy Wisła=sklepy-wisla|Zielony Rynek=zielony-rynek")),
    Place("GB", 11, "en", "Europe/London", ("Leeds", "Bristol", "Manchester"), _same("Olivia|Harry|Amelia|Jack|Priya|Callum|Zara"), _same("Whitfield|Osborne|Patel|Hughes|Clarke|Ahmed"), _same("Marlow Stores|Penfold Home|Copper and Thread|Harbour Grocers")),
    Place("US", 14, "en", "America/Chicago", ("Austin", "Denver", "Portland", "Columbus"), _same("Emily|Marcus|Ashley|Diego|Nicole|Tyler|Jasmine|Ethan"), _same("Johnson|Ramirez|Nguyen|Sullivan|Brooks|Peterson|Kim"), _same("Blue Prairie Markets|Redwood Outfitters|Lakeside Pharmacy|Summit Pet Supply|Orchard Lane")),
    Place("KR", 12, "ko", "Asia/Seoul", ("서울", "부산", "인천", "대전"), _pairs("민준=minjun|서연=seoyeon|지우=jiwoo|도윤=doyoon|하은=haeun|준호=junho|수빈=subin|예린=yerin"), _pairs("김=kim|이=lee|박=park|최=choi|정=jung|강=kang|윤=yoon"), _pairs("한빛마트=hanbit-mart|새벽유통=saebyuk|가온리테일=gaon-retail|다온식품=daon-foods|온누리생활=onnuri"), True),
    Place("CN", 8, "zh-hans", "Asia/Shanghai", ("上海", "杭州", "成都", "深圳"), _pairs("伟=wei|芳=fang|思远=siyuan|雨桐=yutong|嘉怡=jiayi|子轩=zixuan|敏=min"), _pairs("王=wang|李=li|张=zhang|陈=chen|刘=liu|赵=zhao"), _pairs("青禾超市=qinghe|万象生活=wanxiang-life|云岭食品=yunling-foods|锦程百货=jincheng"), True),
    Place("JP", 5, "ja", "Asia/Tokyo", ("東京", "大阪", "福岡"), _pairs("陽菜=hina|蓮=ren|結衣=yui|大和=yamato|美咲=misaki"), _pairs("佐藤=sato|鈴木=suzuki|高橋=takahashi|田中=tanaka"), _pairs("みどり屋=midoriya|丸福ストア=marufuku"), True),
    Place("BR", 4, "pt", "America/Sao_Paulo", ("Curitiba", "Recife"), _same("Ana|João|Beatriz|Rafael|Larissa"), _same("Silva|Souza|Oliveira|Araújo"), _same("Mercado Ipê|Rede Aurora")),
)  # fmt: skip

INDUSTRIES = ("Grocery", "Fashion", "Home and garden", "Drugstore", "Electronics", "Pharmacy", "Department store")
SIZES = (("11-50", 24), ("51-200", 36), ("201-1000", 27), ("1001-5000", 13))
MORE = ("", " Group", " Retail", " Nord", " & Co", " Online", " Direct")
JOBS = (
    ("Head of e-commerce", 9), ("Category manager", 12), ("Store operations manager", 10), ("Marketing manager", 12),
    ("Data analyst", 12), ("Chief operating officer", 4), ("IT manager", 8), ("Supply chain planner", 10),
    ("Head of loyalty", 6), ("Managing director", 5), ("Buyer", 8), ("Student", 3),
)  # fmt: skip
#: source, medium, campaign, referrer, weight
SOURCES: tuple[tuple[str, str, str, str, int], ...] = (
    ("google", "organic", "", "https://www.google.com/", 33),
    ("google", "cpc", "forecasting-search", "https://www.google.com/", 17),
    ("linkedin", "social", "playbook", "https://www.linkedin.com/", 15),
    ("retailweek.example", "referral", "", "https://retailweek.example/tools", 11),
    ("newsletter", "email", "store-notes", "", 8),
    ("partner", "referral", "tillworks", "https://tillworks.example/partners", 6),
    ("(direct)", "(none)", "", "", 10),
)
DEVICES = (
    ("Chrome on Windows", 40),
    ("Safari on iPhone", 22),
    ("Chrome on Android", 18),
    ("Safari on Mac", 14),
    ("Firefox on Linux", 6),
)
LOST = ("Price", "No budget this year", "Chose a competitor", "No answer any more", "Project stopped")
RETURNED = ("Wrong person", "Too early, keep warming", "Student", "No budget")
CALL_NOTES = (
    "Runs 40 stores, spreadsheets until now. Waste in fresh food hurts most.",
    "Wants to see the integration with the till first. IT joins the next call.",
    "Asked about the price for a second country. Decision with the board in spring.",
    "Uses a competitor for loyalty only; contract ends in four months.",
    "Friendly, short of time. Sent the two-page summary, calls back next week.",
)
NOTES = (
    "Decides together with the **head of operations**. Prefers mails before noon.",
    "Three regions, each buys for itself. Start with the north.",
    "Had a failed forecasting project in 2023; wants a pilot with *one* store.",
    "Legal needs the data processing agreement before the trial.",
    "Very warm: two colleagues came to the webinar as well.",
)

"""The segments of the bench: a hundred that live, the cold one with its hand-written twin, and a mix to preview."""

from __future__ import annotations

from typing import Any

Condition = dict[str, Any]
COUNTRIES = ("US", "DE", "GB", "FR", "KR", "JP", "CN", "BR", "IN", "ES", "IT", "NL", "SE", "PL", "CA", "AU", "MX", "SG")
INDUSTRIES = ("Retail", "Food", "Fashion", "Software", "Finance", "Health", "Travel", "Media", "Energy", "Education")
TITLES = ("Buyer", "Head of Marketing", "VP Sales", "Store manager", "Analyst", "Founder", "Engineer", "CFO")
TAGS = ("newsletter", "vip", "webinar", "partner", "beta", "fair", "reseller", "press")
TOPICS = ("forecasting", "loyalty", "pricing", "integrations")
PATHS = ("/", "/pricing", "/pricing/enterprise", "/docs", "/blog", "/blog/forecasting", "/blog/loyalty", "/customers",
         "/integrations", "/about", "/jobs", "/contact", "/features/forecast", "/features/stock",
         "/status")  # fmt: skip
#: kind, share of all facts
KINDS = (("page.viewed", 0.66), ("mail.sent", 0.16), ("mail.opened", 0.08), ("mail.clicked", 0.03),
         ("form.submitted", 0.02), ("asset.downloaded", 0.02), ("shop.bought", 0.02),
         ("trial.started", 0.01))  # fmt: skip


def seen(path: str, least: int, within: str = "", **more: Any) -> Condition:
    where = [{"prop": "path", "op": "starts_with", "value": path}]
    out: Condition = {"event": "page.viewed", "where": where, "count": {"op": "gte", "value": least}, **more}
    return {**out, "within": within} if within else out


def did(kind: str, least: int = 1, within: str = "", **more: Any) -> Condition:
    out: Condition = {"event": kind, "count": {"op": "gte", "value": least}, **more}
    return {**out, "within": within} if within else out


def field(name: str, op: str, value: Any = None) -> Condition:
    return {"field": name, "op": op, "value": value} if value is not None else {"field": name, "op": op}


def score(least: int) -> Condition:
    return {"score": "engagement", "op": "gte", "value": least}


def both(*conditions: Condition) -> Condition:
    return {"all": list(conditions)}


def living() -> list[Condition]:
    """A hundred segments as a marketing team has them: two thirds ask about behaviour."""
    out: list[Condition] = []
    for n in range(20):
        country, title = COUNTRIES[n % len(COUNTRIES)], TITLES[n % len(TITLES)]
        path, tag, days = PATHS[1 + n % 14], TAGS[n % len(TAGS)], (7, 14, 30, 60, 90)[n % 5]
        out += [
            both(seen(path, 1 + n % 3, f"{days}d"), field("contact.country", "eq", country)),
            both({"tag": tag}, {"not": did("mail.opened", 1, f"{days}d")}, {"consent": "email"}),
            both(field("contact.job_title", "eq", title), field("contact.stage", "in", ["lead", "mql"]), score(40 + n)),
            both(did(KINDS[n % 8][0], 2, f"{days}d"), field("company.industry", "eq", INDUSTRIES[n % 10])),
            both(
                {"interest": TOPICS[n % 4], "op": "gte", "value": 3},
                {"any": [did("form.submitted", 1, "180d"), did("trial.started"), {"tag": tag}]},
                field("contact.country", "not_in", list(COUNTRIES[:4])),
            ),
        ]
    return out


#: Ten conditions, three of them behaviour
COLD = both(
    field("contact.stage", "in", ["lead", "mql", "sql"]),
    field("contact.country", "in", list(COUNTRIES[:8])),
    {"consent": "email"},
    score(20),
    {"not": {"tag": "partner"}},
    field("company.industry", "in", list(INDUSTRIES[:6])),
    {"any": [field("contact.job_title", "contains", "market"), {"interest": "pricing", "op": "gte", "value": 2}]},
    seen("/pricing", 2, "90d"),
    did("mail.opened", 1, "60d"),
    {"not": did("form.submitted", 1, "30d")},
)
#: The same by hand, three times: what a good writer of SQL would try
BY_HAND = (
    """
    SELECT c.id FROM people_contact c
    JOIN people_company co ON co.id = c.company_id
    JOIN people_consent s ON s.person_id = c.id AND s.channel = 'email' AND s.topic = '' AND s.state = 'granted'
    JOIN audience_personscore ps ON ps.person_id = c.id AND ps.model_id = %(model)s AND ps.points >= 20
    JOIN (SELECT person_id FROM timeline_fact WHERE kind = 'page.viewed' AND at > %(d90)s AND at <= %(now)s
          AND starts_with(data ->> 'path', '/pricing') GROUP BY 1 HAVING count(*) >= 2) v ON v.person_id = c.id
    JOIN (SELECT DISTINCT person_id FROM timeline_fact WHERE kind = 'mail.opened' AND at > %(d60)s AND at <= %(now)s) o
      ON o.person_id = c.id
    LEFT JOIN audience_interest i ON i.person_id = c.id AND i.topic_id = %(topic)s AND i.weight >= 2
    WHERE c.stage IN ('lead', 'mql', 'sql') AND c.country = ANY(%(countries)s) AND co.industry = ANY(%(industries)s)
      AND NOT c.tags @> ARRAY['partner']::varchar[] AND (c.job_title ILIKE '%%market%%' OR i.person_id IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM timeline_fact f WHERE f.kind = 'form.submitted' AND f.person_id = c.id
                      AND f.at > %(d30)s AND f.at <= %(now)s)
    """,
    """
    WITH v AS MATERIALIZED (
      SELECT person_id FROM timeline_fact WHERE kind = 'page.viewed' AND at > %(d90)s AND at <= %(now)s
      AND starts_with(data ->> 'path', '/pricing') GROUP BY 1 HAVING count(*) >= 2)
    SELECT c.id FROM v JOIN people_contact c ON c.id = v.person_id JOIN people_company co ON co.id = c.company_id
    WHERE c.stage IN ('lead', 'mql', 'sql') AND c.country = ANY(%(countries)s) AND co.industry = ANY(%(industries)s)
      AND NOT c.tags @> ARRAY['partner']::varchar[]
      AND (c.job_title ILIKE '%%market%%' OR EXISTS (SELECT 1 FROM audience_interest i WHERE i.person_id = c.id
           AND i.topic_id = %(topic)s AND i.weight >= 2))
      AND EXISTS (SELECT 1 FROM people_consent s WHERE s.person_id = c.id AND s.channel = 'email' AND s.topic = ''
                  AND s.state = 'granted')
      AND EXISTS (SELECT 1 FROM audience_personscore ps WHERE ps.person_id = c.id AND ps.model_id = %(model)s
                  AND ps.points >= 20)
      AND EXISTS (SELECT 1 FROM timeline_fact f WHERE f.kind = 'mail.opened' AND f.person_id = c.id
                  AND f.at > %(d60)s AND f.at <= %(now)s)
      AND NOT EXISTS (SELECT 1 FROM timeline_fact f WHERE f.kind = 'form.submitted' AND f.person_id = c.id
                      AND f.at > %(d30)s AND f.at <= %(now)s)
    """,
    """
    WITH few AS MATERIALIZED (
      SELECT c.id FROM people_contact c JOIN people_company co ON co.id = c.company_id
      JOIN people_consent s ON s.person_id = c.id AND s.channel = 'email' AND s.topic = '' AND s.state = 'granted'
      JOIN audience_personscore ps ON ps.person_id = c.id AND ps.model_id = %(model)s AND ps.points >= 20
      LEFT JOIN audience_interest i ON i.person_id = c.id AND i.topic_id = %(topic)s AND i.weight >= 2
      WHERE c.stage IN ('lead', 'mql', 'sql') AND c.country = ANY(%(countries)s) AND co.industry = ANY(%(industries)s)
        AND NOT c.tags @> ARRAY['partner']::varchar[] AND (c.job_title ILIKE '%%market%%' OR i.person_id IS NOT NULL)
        AND EXISTS (SELECT 1 FROM timeline_fact f WHERE f.kind = 'mail.opened' AND f.person_id = c.id
                    AND f.at > %(d60)s AND f.at <= %(now)s)
        AND NOT EXISTS (SELECT 1 FROM timeline_fact f WHERE f.kind = 'form.submitted' AND f.person_id = c.id
                        AND f.at > %(d30)s AND f.at <= %(now)s))
    SELECT few.id FROM few WHERE (
      SELECT count(*) FROM timeline_fact f WHERE f.kind = 'page.viewed' AND f.person_id = few.id
      AND f.at > %(d90)s AND f.at <= %(now)s AND starts_with(f.data ->> 'path', '/pricing')) >= 2
    """,
)


def previews() -> list[Condition]:
    """What people try while they edit: fields, behaviour, both, and what it is not."""
    return [
        field("contact.country", "eq", "KR"),
        field("contact.stage", "in", ["customer", "evangelist"]),
        field("contact.job_title", "contains", "market"),
        field("contact.created_at", "within", "30d"),
        field("company.industry", "eq", "Retail"),
        {"tag": "vip"},
        {"not": {"tag": "newsletter"}},
        {"consent": "email"},
        score(60),
        {"score": "engagement", "band": "warm"},
        {"interest": "pricing", "op": "gte", "value": 3},
        {"random": 10},
        {"any": [{"tag": "vip"}, score(80)]},
        both(field("contact.country", "in", ["DE", "FR"]), field("contact.stage", "eq", "lead"), {"consent": "email"}),
        did("trial.started"),
        did("shop.bought", 2, "90d"),
        did("mail.clicked", 1, "30d"),
        did("page.viewed", 5, "30d"),
        seen("/pricing", 1, "7d"),
        seen("/pricing", 2, "30d"),
        seen("/features", 3, "90d"),
        {"not": did("page.viewed", 1, "30d")},
        both({"tag": "newsletter"}, {"not": did("mail.opened", 1, "60d")}),
        both(seen("/pricing", 2, "30d"), field("contact.country", "eq", "US"), score(30)),
        both(did("mail.opened", 2, "30d"), {"not": did("form.submitted", 1, "90d")}, {"consent": "email"}),
        did("shop.bought", 1, "180d", sum={"prop": "amount", "op": "gte", "value": 500}),
        COLD,
    ]


#: Asked of all history: told apart, for nothing narrows what must be read
WHOLE_HISTORY = [did("page.viewed", 20), seen("/pricing", 5), {"not": did("mail.opened")}]

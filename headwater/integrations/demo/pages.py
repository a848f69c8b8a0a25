"""The demo company's public pages: what the site shows and what the history pretends people have read."""

# ruff: noqa: E501

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Northstar Analytics"


@dataclass(frozen=True, slots=True)
class Article:
    slug: str
    title: str
    lead: str
    topic: str
    minutes: int
    author: str
    paragraphs: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        return f"/site/blog/{self.slug}/"


ARTICLES: tuple[Article, ...] = (
    Article(
        "forecasting-that-survives-the-weekend",
        "Demand forecasting that survives the weekend",
        "Most store forecasts are right on Tuesday and wrong on Saturday, which is when it matters.",
        "Forecasting",
        6,
        "Hanna Lindqvist",
        (
            (
                "Why averages fail on Saturdays",
                (
                    "A weekly average hides the only two days that fill the shop. When we took three years of till data of "
                    "forty-one grocers apart, the error on Saturdays was 2.4 times that of Tuesdays, although every one of "
                    "them called its forecast “accurate to five per cent”. Accuracy over a week is the accuracy of quiet "
                    "days. Measure it per day, weigh it by turnover, and the picture changes."
                ),
            ),
            (
                "Start with the calendar, not with the model",
                (
                    "Paydays, school holidays, the local football fixture and the first warm weekend explain more than any "
                    "algorithm that is blind to them. Give each store a calendar of its own. In our sample a plain "
                    "regression with a good calendar beat a neural network without one in thirty-six stores of forty-one."
                ),
            ),
            (
                "Let the people in the store overrule it, and keep score",
                (
                    "A store manager knows that the road outside is closed. Let her change the number, write down by how "
                    "much, and compare a month later. Two things happen: the good hunches become features of the model, "
                    "and the others stop."
                ),
            ),
            (
                "What to do on Monday",
                (
                    "Take last quarter, compute the error by day of week and by store, and sort. The ten worst pairs are "
                    "your project for the year; everything else is already good enough."
                ),
            ),
        ),
    ),
    Article(
        "loyalty-is-a-habit-not-a-card",
        "Loyalty is a habit, not a card",
        "Points are a discount with a delay. What brings people back on a Thursday is something else.",
        "Loyalty",
        5,
        "Marco Bianchi",
        (
            (
                "The card measures, it does not cause",
                (
                    "People who join a loyalty programme were loyal already; that is why they joined. Compare members with "
                    "those who became just as frequent without a card, and most of the celebrated uplift is gone."
                ),
            ),
            (
                "Look at the rhythm",
                (
                    "Every customer has a rhythm: twelve days, four weeks, the end of the month. The first visit that is "
                    "late by half a rhythm is the earliest honest sign of leaving, months before the twelve-month churn "
                    "report knows. A message at that moment, without a coupon, brought back 11 per cent in a test with "
                    "holdout; the coupon brought back 12 and cost the margin of all of them."
                ),
            ),
            (
                "Three visits make a habit",
                (
                    "Between the first and the third visit half of the people vanish; after the third, few do. Spend the "
                    "budget there, and spend it on reasons to come again soon, not on reasons to buy more at once."
                ),
            ),
        ),
    ),
    Article(
        "integrations-before-dashboards",
        "Integrations before dashboards",
        "The prettiest chart cannot show what never left the till. A short guide to the plumbing.",
        "Integrations",
        7,
        "Ji-woo Han",
        (
            (
                "Four systems, one receipt",
                (
                    "Till, web shop, warehouse and loyalty programme each know a part of the same purchase. Before anybody "
                    "draws a chart, choose which of them is right about what: the till about time and price, the warehouse "
                    "about stock, the shop about the address. Write it down on one page and hang it up."
                ),
            ),
            (
                "Integrate events, not tables",
                (
                    "Nightly copies of tables lose everything that happened in between: the price that was changed twice, "
                    "the item that was returned within the hour. A stream of events keeps it, and can be read again when "
                    "a mistake is found."
                ),
            ),
            (
                "Test with the ugliest store",
                (
                    "There is always one with the old till and the slow line. If the integration works there, it works "
                    "everywhere. If you begin with the flagship, you will find out in month nine."
                ),
            ),
        ),
    ),
    Article(
        "what-a-price-test-can-tell-you",
        "What a price test can tell you, and what it cannot",
        "Two prices, two groups, one answer? It takes a little more care than that.",
        "Pricing",
        5,
        "Claire Moreau",
        (
            (
                "Stores are not coins",
                (
                    "In a web shop you can toss a coin for every visitor. Stores come in dozens, each with a street of its "
                    "own. Pair them by turnover, region and season first, and test within the pairs; forty paired stores "
                    "say more than four hundred random ones."
                ),
            ),
            (
                "Watch the basket, not the item",
                (
                    "Cheaper coffee sells more coffee, always. The question is what else is in the basket and what is no "
                    "longer in it. In eleven of thirty tests the winner for the item was the loser for the basket."
                ),
            ),
            (
                "Stop on the day you said",
                (
                    "Looking every morning and stopping at the first good number finds winners that do not exist. Decide "
                    "the length beforehand, from the smallest effect that would change your mind."
                ),
            ),
        ),
    ),
)
BY_SLUG = {a.slug: a for a in ARTICLES}

HOME = ("/site/", f"{COMPANY} · know tomorrow's basket today")
PRICING = ("/site/pricing/", f"Pricing · {COMPANY}")
BLOG = ("/site/blog/", f"Blog · {COMPANY}")
WHITE_PAPER = ("/site/white-paper/", f"White paper: the forecasting playbook · {COMPANY}")
TRIAL = ("/site/trial/", f"Start your free trial · {COMPANY}")
WEBINAR = ("/site/webinar/", f"Webinar: loyalty without discounts · {COMPANY}")
THANKS = ("/site/thank-you/", f"Thank you · {COMPANY}")


def article_page(article: Article) -> tuple[str, str]:
    """Path and title, as the tracker reports them."""
    return article.path, f"{article.title} · {COMPANY}"


PLANS: tuple[tuple[str, int, str, tuple[str, ...]], ...] = (
    (
        "Starter",
        290,
        "One banner, up to 10 stores",
        ("Daily forecasts", "Basket analysis", "Till and web shop integration", "Help by mail"),
    ),
    (
        "Team",
        890,
        "Up to 80 stores, all teams",
        ("Everything in Starter", "Hourly forecasts", "Loyalty rhythm alerts", "Price tests", "A named person to ask"),
    ),
    (
        "Enterprise",
        2400,
        "Any number of stores and countries",
        ("Everything in Team", "Your own data centre", "Single sign-on", "Service level of 99.9 %", "Yearly review"),
    ),
)

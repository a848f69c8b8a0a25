"""What a fresh installation scores by and listens for. Everything can be edited on the pages afterwards."""

import uuid

from django.db import migrations

PRICING = ["/site/pricing", "/pricing"]
RULES = [
    ("Mail opened", "mail.opened", [], 10, None),
    ("Mail link clicked", "mail.clicked", [], 15, None),
    ("Pricing page viewed", "page.viewed", [{"prop": "path", "op": "starts_with", "value": PRICING}], 20, None),
    ("Another page viewed", "page.viewed", [{"prop": "path", "op": "not_starts_with", "value": PRICING}], 1, 10),
    ("White paper downloaded", "asset.downloaded", [], 40, None),
    ("Form submitted", "form.submitted", [], 15, None),
    ("Unsubscribed", "mail.unsubscribed", [], -50, None),
]
TOPICS = [
    ("forecasting", "Forecasting", 265, [("keyword", "forecast")]),
    ("loyalty", "Loyalty", 345, [("keyword", "loyalty"), ("keyword", "loyal customer")]),
    ("pricing", "Pricing", 60, [("path", "/site/pricing"), ("path", "/pricing")]),
    ("integrations", "Integrations", 190, [("keyword", "integration")]),
]


def install(apps, schema_editor):
    get = apps.get_model
    get("audience", "Revision").objects.get_or_create(pk=1, defaults={"token": uuid.uuid4()})
    model = get("audience", "ScoreModel").objects.create(key="engagement", name="Engagement", warm=20, hot=60)
    for name, kind, where, points, cap in RULES:
        get("audience", "ScoreRule").objects.create(
            model=model, name=name, kind=kind, where=where, points=points, cap=cap, cap_per="day"
        )
    for key, name, hue, rules in TOPICS:
        topic = get("audience", "Topic").objects.create(key=key, name=name, hue=hue)
        for match, value in rules:
            get("audience", "TopicRule").objects.create(topic=topic, match=match, value=value)


class Migration(migrations.Migration):

    dependencies = [("audience", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]

"""The log of steps: a row for each stretch of steps taken at one go, where each step had a row of its own."""

import django.contrib.postgres.fields
from django.db import migrations, models

VIEW = """
CREATE VIEW journeys_passagelog AS
SELECT s.person_id, s.passage_id, s.hop + u.n::int - 1 AS hop, u.step, CASE u.n WHEN 1 THEN s.since ELSE s.at END AS since,
    s.at, u.outcome, coalesce(u.reason, '') AS reason
FROM journeys_stretch s, unnest(s.steps, s.outcomes, s.reasons) WITH ORDINALITY AS u(step, outcome, reason, n)
"""
THERE = """
INSERT INTO journeys_stretch (person_id, passage_id, hop, since, at, steps, outcomes, reasons)
SELECT person_id, passage_id, hop, since, at, ARRAY[step], ARRAY[outcome], CASE WHEN reason <> '' THEN ARRAY[reason] END
FROM journeys_passagelog
"""
BACK = """
INSERT INTO journeys_passagelog (person_id, passage_id, hop, step, since, at, outcome, reason)
SELECT s.person_id, s.passage_id, s.hop + u.n::int - 1, u.step, CASE u.n WHEN 1 THEN s.since ELSE s.at END, s.at,
    u.outcome, coalesce(u.reason, '')
FROM journeys_stretch s, unnest(s.steps, s.outcomes, s.reasons) WITH ORDINALITY AS u(step, outcome, reason, n)
"""


class Migration(migrations.Migration):
    dependencies = [("journeys", "0006_simulations")]

    operations = [
        migrations.CreateModel(
            name="Stretch",
            fields=[
                ("pk", models.CompositePrimaryKey("person_id", "passage_id", "hop", blank=True, editable=False, primary_key=True, serialize=False)),
                ("person_id", models.BigIntegerField()),
                ("passage_id", models.BigIntegerField()),
                ("hop", models.IntegerField()),
                ("since", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("steps", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("outcomes", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("reasons", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
            ],
        ),
        migrations.RunSQL(THERE, BACK),
        migrations.DeleteModel(name="PassageLog"),
        migrations.CreateModel(
            name="PassageLog",
            fields=[
                ("pk", models.CompositePrimaryKey("person_id", "passage_id", "hop", blank=True, editable=False, primary_key=True, serialize=False)),
                ("person_id", models.BigIntegerField()),
                ("passage_id", models.BigIntegerField()),
                ("hop", models.IntegerField()),
                ("step", models.TextField()),
                ("since", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("outcome", models.TextField()),
                ("reason", models.TextField()),
            ],
            options={"db_table": "journeys_passagelog", "managed": False},
        ),
        migrations.RunSQL(VIEW, "DROP VIEW journeys_passagelog"),
    ]

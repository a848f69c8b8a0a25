"""What facts of a family are told apart by, and their money, stand beside them and in the index by kind and person
(`timeline/marks.py`). The history is written anew once: a few minutes for twenty million facts."""

from django.db import migrations

FAMILIES = {
    "page": "path",
    "mail": "template",
    "sms": "template",
    "push": "template",
    "form": "form",
    "asset": "asset",
    "link": "href",
    "tag": "tag",
    "segment": "segment",
    "journey": "journey",
}
CASES = " ".join(f"WHEN '{family}' THEN data ->> '{name}'" for family, name in FAMILIES.items())
MARK = f"left(CASE split_part(kind::text, '.', 1) {CASES} END, 200)"
AMOUNT = (
    "CASE WHEN jsonb_typeof(data -> 'amount') = 'number' AND length(data ->> 'amount') <= 400 "
    "THEN (data ->> 'amount')::numeric END"
)
FORWARD = f"""
SET LOCAL maintenance_work_mem = '512MB';
DROP INDEX timeline_fact_kind;
ALTER TABLE timeline_fact
    ADD COLUMN mark text GENERATED ALWAYS AS ({MARK}) STORED,
    ADD COLUMN amount numeric GENERATED ALWAYS AS ({AMOUNT}) STORED;
CREATE INDEX timeline_fact_kind ON timeline_fact (kind, person_id, at) INCLUDE (mark, amount);
"""
BACKWARD = """
DROP INDEX timeline_fact_kind;
ALTER TABLE timeline_fact DROP COLUMN mark, DROP COLUMN amount;
CREATE INDEX timeline_fact_kind ON timeline_fact (kind, person_id, at);
"""


class Migration(migrations.Migration):
    dependencies = [("timeline", "0007_facts_change_hands")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

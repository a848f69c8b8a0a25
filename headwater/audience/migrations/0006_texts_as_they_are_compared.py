"""PostgreSQL learns how often texts are what conditions compare them with: their lower case. Without it, it thinks that
half a per cent of all people meet any condition on one, and plans for few where there are many."""

from django.db import migrations

TEXTS = {
    "people_contact": ("job_title", "city", "region", "language"),
    "people_company": ("industry", "size", "city"),
}
NAMES = {f"{table}_{column}_lower": (table, column) for table, columns in TEXTS.items() for column in columns}


class Migration(migrations.Migration):
    dependencies = [
        ("audience", "0005_segment_days_and_keepers"),
        ("people", "0004_fewer_indexes_of_contacts"),
    ]

    operations = [
        *(
            migrations.RunSQL(
                f"CREATE STATISTICS IF NOT EXISTS {name} ON (lower({column})) FROM {table}",
                f"DROP STATISTICS IF EXISTS {name}",
            )
            for name, (table, column) in NAMES.items()
        ),
        migrations.RunSQL("ANALYZE people_contact", migrations.RunSQL.noop),
        migrations.RunSQL("ANALYZE people_company", migrations.RunSQL.noop),
    ]

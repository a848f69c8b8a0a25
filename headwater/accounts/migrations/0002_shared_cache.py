"""The table of the cache that all processes share (settings.CACHES), as `createcachetable` would make it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "CREATE TABLE IF NOT EXISTS headwater_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, "
            "value text NOT NULL, expires timestamp with time zone NOT NULL);"
            "CREATE INDEX IF NOT EXISTS headwater_cache_expires ON headwater_cache (expires)",
            "DROP TABLE IF EXISTS headwater_cache",
        )
    ]

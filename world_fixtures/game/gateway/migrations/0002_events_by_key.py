"""Events have one key, made of the number of the instance and their `seq`."""

from django.db import migrations, models

_BY_KEY = """
UPDATE world_gateway_eventrow SET id = -seq - 4294967296 * CASE instance
    WHEN 'shared' THEN 0 ELSE CAST(substr(instance, 2) AS INTEGER) END
"""
_POSITIVE = "UPDATE world_gateway_eventrow SET id = -id"


class Migration(migrations.Migration):
    """Keys of before the change are of the same table: they pass through negative numbers."""

    dependencies = [("world_gateway", "0001_initial")]

    operations = [
        migrations.RunSQL([_BY_KEY, _POSITIVE]),
        migrations.RemoveConstraint("eventrow", "one_event_a_seq"),
        migrations.AlterField(
            "eventrow", "id", models.IntegerField(primary_key=True, serialize=False)
        ),
        migrations.RemoveField("eventrow", "instance"),
        migrations.RemoveField("eventrow", "seq"),
    ]

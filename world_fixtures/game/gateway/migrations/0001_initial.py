"""The tables of the gateway."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The gateway's tables."""

    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="EventRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("instance", models.CharField(max_length=40)),
                ("seq", models.IntegerField()),
                ("body", models.TextField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("instance", "seq"), name="one_event_a_seq")
                ]
            },
        ),
        migrations.CreateModel(
            name="SpecRow",
            fields=[
                ("hash", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("body", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="InstanceRow",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("objects_json", models.TextField()),
                ("accounts_json", models.TextField()),
                ("idle", models.BooleanField(default=False)),
                (
                    "spec",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="world_gateway.specrow"
                    ),
                ),
            ],
        ),
    ]

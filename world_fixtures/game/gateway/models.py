"""Tables of the gateway: specs, the objects that make up an instance, and its events."""

from django.db import models


class SpecRow(models.Model):
    """A world spec, stored once however many instances it has."""

    hash = models.CharField(max_length=32, primary_key=True)
    body = models.TextField()

    class Meta:
        app_label = "world_gateway"


class InstanceRow(models.Model):
    """One instance: its spec and the primary keys of its Evennia objects and accounts."""

    id = models.CharField(max_length=40, primary_key=True)
    spec = models.ForeignKey(SpecRow, on_delete=models.PROTECT)
    objects_json = models.TextField()
    """{entity id: primary key of the object}"""
    accounts_json = models.TextField()
    """{character id: primary key of the account}"""
    idle = models.BooleanField(default=False)
    """In its initial state and free for the next rollout of its world."""

    class Meta:
        app_label = "world_gateway"


class EventRow(models.Model):
    """One event, as the JSON that was sent to the client: see `gateway.events`."""

    id = models.IntegerField(primary_key=True)
    """Number of the instance and `seq`. SQLite's own key: to store an event writes one page."""
    body = models.TextField()

    class Meta:
        app_label = "world_gateway"

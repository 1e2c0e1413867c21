"""All of Evennia's own pages: website, web client, admin."""

from evennia.web.urls import urlpatterns

__all__ = ["urlpatterns"]

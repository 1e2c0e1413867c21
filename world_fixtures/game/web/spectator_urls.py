"""The web client alone: no site, no accounts' pages, no admin."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/webclient/"), name="index"),
    path("webclient/", include("evennia.web.webclient.urls")),
]


def handler404(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Evennia's own page would link to the site that is not there."""
    return HttpResponseNotFound("There is only /webclient/ here.")

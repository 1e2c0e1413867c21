"""The page of those who look on: no site, no accounts' pages, no admin, nothing from elsewhere."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import render
from django.urls import path
from django.views.generic import RedirectView


def looking_on(request: HttpRequest) -> HttpResponse:
    """Return the page. Evennia's own would load its parts from other sites."""
    port = settings.WEBSOCKET_CLIENT_PORT
    page = render(request, "spectator.html", {"socket": port})
    page["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
        f" connect-src ws://127.0.0.1:{port} ws://localhost:{port};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    page["X-Content-Type-Options"] = "nosniff"
    return page


urlpatterns = [
    path("", RedirectView.as_view(url="/webclient/"), name="index"),
    path("webclient/", looking_on),
]


def handler404(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """Evennia's own page would link to the site that is not there."""
    return HttpResponseNotFound("There is only /webclient/ here.")

"""The page for people and its requests: what they may do, and what nobody else may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from environments.hosting.choice import chosen
from environments.hosting.sitting import Sitting
from environments.integrations.browser.seat import Action, NotNow, Seat, read_typed
from environments.integrations.browser.server import MAX_BODY, PageServer
from environments.rollouts.record import StopReason
from world_fixtures.common import UserError
from world_fixtures.simulated import SimulatedPool

TWO = ("test/persistence.recall/1/0", "test/errand.deliver/1/3")
PEOPLE = "test/time.follow/1/1"


class Person:
    """Somebody at the page, without the page."""

    def __init__(self, seat: Seat, sitting: Sitting) -> None:
        self.seat = seat
        self.sitting = sitting

    async def does(self, what: str, **more: Any) -> dict[str, Any]:
        """Act in the present view; the next one."""
        given = {"number": self.seat.view()["number"], "do": what, **more}
        await self.seat.act(Action.model_validate(given))
        return self.seat.view()


@asynccontextmanager
async def seated(*ids: str) -> AsyncIterator[Person]:
    tasks = chosen(None, ids or TWO)[1]
    with Sitting(SimulatedPool(), tasks, model="human/ada", provider="human") as sitting:
        yield Person(Seat(sitting, where="run"), sitting)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[PageServer, aiohttp.ClientSession]]:
    async with (
        seated() as person,
        PageServer(person.seat) as page,
        aiohttp.ClientSession() as http,
    ):
        yield page, http


def port_of(page: PageServer) -> int:
    return int(page.url.split(":")[2].partition("/")[0])


# What a person sees and does


async def test_a_task_of_several_parts_is_played_to_its_verdict() -> None:
    async with seated() as person:
        assert person.seat.view()["phase"] == "begin"
        view = await person.does("next")
        task = chosen(None, TWO)[1][0]
        for number, stage in enumerate(task.stages, start=1):
            assert (view["phase"], view["task"]["part"]) == ("playing", number)
            assert len(view["log"]) == 1  # where one is on arriving, and nothing of earlier parts
            last = number == len(task.stages)
            assert view["task"]["last_part"] == last
            assert bool(view["task"]["fields"]) == last  # what will be asked is told by then
            assert view["task"]["id"] == ""  # it names the kind
            assert "evennia_" not in view["task"]["prompt"]
            for step in stage.walkthrough:
                typed = {k: str(v) for k, v in step.answer.items()}
                view = await {
                    "command": lambda s=step: person.does("command", text=s.command),
                    "disconnect": lambda: person.does("leave"),
                    "submit": lambda t=typed: person.does("submit", answer=t),
                }[step.tool]()
        assert view["phase"] == "over"
        assert view["task"]["verdict"]["success"]
        assert view["task"]["id"] == TWO[0]
        (rollout,) = person.sitting.played
        assert (rollout.model, rollout.stop) == ("human/ada", StopReason.SUBMITTED)


async def test_what_others_do_is_shown() -> None:
    async with seated(PEOPLE) as person:
        await person.does("next")
        seen = ""
        for _ in range(12):
            view = await person.does("command", text="wait 4")
            seen += view["log"][-1]["told"]
        assert " comes in from the " in seen


async def test_a_refusal_names_the_button_of_the_page() -> None:
    async with seated() as person:
        await person.does("next")
        with pytest.raises(NotNow):
            await person.does("next")
        view = await person.does("submit", answer={})
        assert view["log"][-1]["told"] == (
            "It is too early to submit: call “Leave the world” when this part is done."
        )


async def test_an_action_of_an_older_view_does_nothing() -> None:
    async with seated() as person:
        await person.does("next")
        with pytest.raises(NotNow, match="not up to date"):
            await person.seat.act(Action(number=0, do="command", text="look"))
        assert person.seat.view()["task"]["commands"] == 0


async def test_nothing_is_done_after_the_session_has_ended() -> None:
    async with seated() as person:
        assert (await person.does("end"))["phase"] == "ended"
        with pytest.raises(NotNow):
            await person.does("next")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1742", "1742"), (" the red box ", "the red box"), ('["a", "b"]', ["a", "b"]),
        ("a, b", "a, b"), ("[unclosed", "[unclosed"),
    ],
)  # fmt: skip
def test_a_field_is_text_unless_it_is_a_list(typed, read) -> None:
    assert read_typed(typed) == read


# Who may ask


async def test_the_page_and_its_parts_come_from_here_alone() -> None:
    async with served() as (page, http):
        async with http.get(page.url) as response:
            text = await response.text()
            assert response.status == 200
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "unsafe" not in policy
            assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "//" not in text.replace("<!doctype", "")
        for name in ("page.css", "page.js"):
            async with http.get(page.url + name) as response:
                assert response.status == 200
                assert "http" not in await response.text()


async def test_the_page_s_own_requests_are_answered() -> None:
    async with served() as (page, http):
        own = {"Origin": f"http://127.0.0.1:{port_of(page)}"}
        async with http.post(page.url + "act", json={"number": 0, "do": "next"}, headers=own) as r:
            assert r.status == 200
            assert (await r.json())["phase"] == "playing"
        async with http.post(page.url + "act", json={"number": 0, "do": "look"}, headers=own) as r:
            assert r.status == 409
            assert "not up to date" in (await r.json())["notice"]
        async with http.post(page.url + "act", json={"number": 1, "do": "x"}, headers=own) as r:
            assert r.status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "OWN", "Host": "elsewhere.example"}, 403),
        ({"Origin": "OWN", "Content-Type": "text/plain"}, 415),
    ],
)
async def test_what_another_page_sends_is_refused(headers, status) -> None:
    async with served() as (page, http):
        own = f"http://127.0.0.1:{port_of(page)}"
        given = {k: own if v == "OWN" else v for k, v in headers.items()}
        given.setdefault("Content-Type", "application/json")
        async with http.post(page.url + "state", data=b"{}", headers=given) as response:
            assert response.status == status


async def test_without_the_token_nothing_is_found_and_only_a_post_acts() -> None:
    async with served() as (page, http):
        base = f"http://127.0.0.1:{port_of(page)}/"
        for path in ("", "page.js", "state", "x" * 32 + "/"):
            async with http.get(base + path) as response:
                assert response.status == 404
        async with http.get(page.url + "act") as response:
            assert response.status == 405
        async with http.get(page.url, headers={"Host": "elsewhere.example"}) as response:
            assert response.status == 403


async def test_a_long_request_is_refused() -> None:
    async with served() as (page, http):
        headers = {
            "Origin": f"http://127.0.0.1:{port_of(page)}",
            "Content-Type": "application/json",
        }
        body = b" " * (MAX_BODY + 1)
        async with http.post(page.url + "act", data=body, headers=headers) as response:
            assert response.status == 413


async def test_a_port_in_use_is_told() -> None:
    async with served() as (page, _), seated() as person:
        with pytest.raises(UserError, match=f"port {port_of(page)} on 127.0.0.1 is in use"):
            async with PageServer(person.seat, port_of(page)):
                pass


async def test_a_task_that_cannot_be_kept_ends_the_program(monkeypatch) -> None:
    async with seated() as person, PageServer(person.seat) as page:

        async def full() -> None:
            raise UserError("the disk is full")

        monkeypatch.setattr(person.sitting, "give_up", full)
        await person.does("next")
        own = {"Origin": f"http://127.0.0.1:{port_of(page)}"}
        async with aiohttp.ClientSession() as http:
            asked = {"number": 1, "do": "give_up"}
            async with http.post(page.url + "act", json=asked, headers=own) as response:
                assert response.status == 500
        with pytest.raises(UserError, match="the disk is full"):
            await page.until_ended()

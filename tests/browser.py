"""A real browser, driven over the DevTools protocol: Debian's chromium, without a window."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
PATIENCE = 120.0
"""Seconds for one thing to come about."""


class Tab:
    """One tab. What its page does on its own is waited for by `until`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self.requested: list[str] = []
        """Addresses that pages have asked for."""
        self.complaints: list[str] = []
        """Errors in the console, and exceptions."""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol; its result."""
        call = await self._send(method, params)
        async with asyncio.timeout(PATIENCE):
            while True:
                message = json.loads((await self._socket.receive()).data)
                if message.get("id") == call:
                    assert "error" not in message, message
                    result: dict[str, Any] = message["result"]
                    return result
                await self._note(message)

    async def _send(self, method: str, params: dict[str, Any]) -> int:
        self._calls += 1
        await self._socket.send_json({"id": self._calls, "method": method, "params": params})
        return self._calls

    async def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url')}")
            case "Page.javascriptDialogOpening":
                await self._send("Page.handleJavaScriptDialog", {"accept": True})

    async def open(self, url: str, width: int = 1400, height: int = 900) -> None:
        """Show a page."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> Any:
        """The value of an expression once it is true; the test fails where it never is."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await self.value(expression)):  # noqa: ASYNC110 - in another process
                await asyncio.sleep(0.05)
        return found

    async def text(self, selector: str) -> str:
        """What can be read in an element."""
        found: str = await self.value(f"document.querySelector({selector!r}).innerText")
        return found

    async def click(self, selector: str) -> None:
        """Press the mouse on an element, once it can be seen."""
        place = await self.until(
            f"(() => {{ const e = document.querySelector({selector!r}); if (!e || e.disabled ||"
            " !e.checkVisibility()) return null; e.scrollIntoView({block: 'center'});"
            " const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        at = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, **at)

    async def type(self, text: str, *, enter: bool = False) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)
        if enter:
            key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
            await self.call("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
            await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def picture(self, path: Path) -> None:
        """Save what the tab shows, as PNG."""
        taken = await self.call("Page.captureScreenshot")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(taken["data"]))


def _port(profile: str) -> str:
    """The port that a starting browser has written; empty before that."""
    told = Path(profile, "DevToolsActivePort")
    return told.read_text().partition("\n")[0] if told.exists() else ""


@asynccontextmanager
async def browser() -> AsyncIterator[Tab]:
    """A tab of a new browser, which is gone afterwards."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-dev-shm-usage",
            "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                while not (port := await asyncio.to_thread(_port, profile)):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            async with aiohttp.ClientSession() as http:
                while True:
                    async with http.get(f"http://127.0.0.1:{port}/json") as response:
                        tabs = [t for t in await response.json() if t["type"] == "page"]
                    if tabs:
                        break
                address = tabs[0]["webSocketDebuggerUrl"]
                async with http.ws_connect(address, max_msg_size=0) as socket:
                    yield Tab(socket)
        finally:
            process.terminate()
            await process.wait()

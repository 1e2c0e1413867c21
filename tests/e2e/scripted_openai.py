"""A chat endpoint on loopback that says what a script says, streamed as OpenAI streams it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Call = tuple[str, str, dict[str, Any]]
"""Id, tool and arguments."""
MODEL = "scripted"


class ScriptedEndpoint:
    """Plays one list of tool calls after the other, then a closing sentence.

    Where a conversation stands is read from its messages, so requests may be repeated. One
    without tools (a title, a summary) gets the closing sentence, one at a turn that is None
    no answer before the endpoint is left.
    """

    def __init__(self, *turns: list[Call] | None, closing: str = "I have seen it.") -> None:
        self.turns = turns
        self.closing = closing
        self._left = threading.Event()
        self.requests: list[dict[str, Any]] = []
        """Bodies of the requests with tools, in their order."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def offered(self) -> set[str]:
        """Names of the tools that the model was offered."""
        return {tool["function"]["name"] for body in self.requests for tool in body["tools"]}

    def __enter__(self) -> ScriptedEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _message(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("tools"):
            self.requests.append(body)
            made = sum(m["role"] == "assistant" for m in body["messages"])
            turn = self.turns[made] if made < len(self.turns) else []
            if turn is None:
                self._left.wait()
            elif turn:
                calls = [
                    {
                        "index": index, "id": id_, "type": "function",
                        "function": {"name": name, "arguments": json.dumps(arguments)},
                    }
                    for index, (id_, name, arguments) in enumerate(turn)
                ]  # fmt: skip
                return {"role": "assistant", "content": None, "tool_calls": calls}
        return {"role": "assistant", "content": self.closing}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                models = [{"id": MODEL, "object": "model", "context_length": 131072}]
                self._send("application/json", json.dumps({"object": "list", "data": models}))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                message = endpoint._message(body)
                if body.get("stream"):
                    self._send("text/event-stream", "".join(_stream(message)))
                else:
                    self._send("application/json", json.dumps(_answer("message", message)))

            def _send(self, kind: str, content: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _answer(field: str, message: dict[str, Any]) -> dict[str, Any]:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {
        "id": "chatcmpl-1", "created": 1, "model": MODEL, "usage": usage,
        "object": "chat.completion" + ("" if field == "message" else ".chunk"),
        "choices": [{"index": 0, field: message, "finish_reason": reason}],
    }  # fmt: skip


def _stream(message: dict[str, Any]) -> Iterator[str]:
    yield f"data: {json.dumps(_answer('delta', message))}\n\n"
    yield "data: [DONE]\n\n"

"use strict";

const seen = document.getElementById("seen");
const typed = document.getElementById("typed");
const port = document.body.dataset.socket;
const socket = new WebSocket(`ws://${location.hostname}:${port}/?looking&on&browser`);
const KEPT = 5000; // paragraphs

function show(fill) {
  const below = seen.scrollHeight - seen.scrollTop - seen.clientHeight < 40;
  const line = document.createElement("div");
  fill(line);
  seen.append(line);
  while (seen.childElementCount > KEPT) seen.firstElementChild.remove();
  if (below) seen.scrollTop = seen.scrollHeight;
}

function tell(text, kind) {
  show((line) => {
    line.className = kind;
    line.textContent = text;
  });
}

socket.addEventListener("message", (event) => {
  const [kind, args] = JSON.parse(event.data);
  // Evennia has escaped what was said, and has put its colours in.
  if (kind === "text" || kind === "prompt") show((line) => { line.innerHTML = args[0]; });
});
socket.addEventListener("close", () => tell("The connection has ended.", "sys"));

document.getElementById("line").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = typed.value.trim();
  if (!text || socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify(["text", [text], {}]));
  tell(text.startsWith("connect ") ? "connect spectator ..." : text, "own");
  typed.value = "";
});

"use strict";

const by = (id) => document.getElementById(id);
const typed = []; // commands, for the arrow keys
let at = 0;
let view = null;
let busy = false;
let part = ""; // task and part that the page shows

async function ask(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await response.json();
  if (told.error) throw new Error(told.error);
  return told;
}

async function act(what, more = {}) {
  if (busy || view === null) return false;
  setBusy(true);
  try {
    show(await ask("act", { number: view.number, do: what, ...more }));
    return true;
  } catch (error) {
    by("notice").textContent = `The program does not answer: ${error.message}`;
    return false;
  } finally {
    setBusy(false);
    if (!by("world").hidden) by("command").focus();
  }
}

function setBusy(now) {
  busy = now;
  document.body.setAttribute("aria-busy", String(now));
  for (const button of document.querySelectorAll("button")) button.disabled = now;
}

function show(next) {
  view = next;
  const task = view.task;
  const playing = view.phase === "playing";
  by("notice").textContent = view.notice;
  by("count").textContent = `${view.player}: ${view.played} played, ${view.left} left`;
  by("end").hidden = view.phase === "ended";
  by("begin").hidden = view.phase !== "begin";
  by("task").hidden = !task || view.phase === "ended";
  by("world").hidden = !playing;
  by("verdict").hidden = view.phase !== "over";
  by("ended").hidden = view.phase !== "ended";
  by("kept").textContent = view.played
    ? `What you played is kept in ${view.where}. You may close this page.`
    : "You may close this page.";
  if (!task) return;
  const several = task.part > 1 || !task.last_part;
  const what = several ? `Task ${task.number}, part ${task.part}` : `Task ${task.number}`;
  by("title").textContent = task.id ? `${what}: ${task.id}` : what;
  by("prompt").textContent = task.prompt;
  if (playing) showWorld(task);
  if (view.phase === "over") showVerdict(task);
}

function showWorld(task) {
  const log = by("log");
  log.replaceChildren();
  for (const entry of view.log) {
    if (entry.done) log.append(paragraph(entry.done, "done"));
    log.append(paragraph(entry.told, entry.how));
  }
  log.scrollTop = log.scrollHeight;
  by("budget").textContent = `${task.commands} of ${task.budget} commands used`;
  by("enter").hidden = task.connected;
  by("leave").hidden = !task.connected;
  by("look").hidden = !task.connected;
  by("leave").textContent = task.last_part ? "Leave the world" : "Leave the world (ends this part)";
  by("answer").hidden = !task.last_part;
  const shown = `${task.number} ${task.part}`;
  if (part !== shown) {
    part = shown;
    by("fields").replaceChildren(...task.fields.map(field));
  }
}

function showVerdict(task) {
  const verdict = task.verdict;
  by("outcome").textContent = verdict
    ? `${verdict.success ? "Solved" : "Not solved"}: reward ${verdict.reward.toFixed(2)}`
    : "Not scored";
  const reasons = verdict ? verdict.reasons : [task.failure];
  by("reasons").replaceChildren(...reasons.map((reason) => {
    const item = document.createElement("li");
    item.textContent = reason;
    return item;
  }));
  by("next").hidden = view.left === 0;
  if (!view.left) by("notice").textContent = "That was the last task: end the session above.";
}

function paragraph(text, kind) {
  const found = document.createElement("p");
  found.className = kind;
  found.textContent = text;
  return found;
}

function field(name) {
  const label = document.createElement("label");
  const area = document.createElement("textarea");
  area.name = name;
  area.rows = 1;
  area.addEventListener("input", () => { area.rows = Math.min(12, area.value.split("\n").length); });
  label.append(name, area);
  return label;
}

by("line").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = by("command").value.trim();
  if (!text) return;
  typed.push(text);
  at = typed.length;
  if (await act("command", { text })) by("command").value = "";
});

by("command").addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !typed.length) return;
  event.preventDefault();
  at = Math.max(0, Math.min(typed.length, at + step));
  by("command").value = typed[at] || "";
});

by("answer").addEventListener("submit", (event) => {
  event.preventDefault();
  act("submit", { answer: Object.fromEntries(new FormData(by("answer"))) });
});

for (const name of ["look", "enter", "leave"]) by(name).addEventListener("click", () => act(name));
for (const id of ["first", "next"]) by(id).addEventListener("click", () => act("next"));
by("give_up").addEventListener("click", () => {
  if (window.confirm("End this task as it stands?")) act("give_up");
});
by("end").addEventListener("click", () => {
  const lost = view && view.phase === "playing" ? " The present task is not kept." : "";
  if (window.confirm(`End the session?${lost}`)) act("end");
});

ask("state", {}).then(show, (error) => {
  by("notice").textContent = `The program does not answer: ${error.message}`;
});

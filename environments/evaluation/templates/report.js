"use strict";
// Builds a sample when it is opened, and filters the list. Only text is ever set, no markup.

function make(tag, name, text, ...children) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}

function meter(label, value) {
  const fill = make("span");
  fill.style.width = 100 * value + "%";
  return make("div", "part", "", make("span", "", label),
    make("span", "meter", "", fill), make("span", "", value.toFixed(2)));
}

function cost(r) {
  const node = make("div", "cost");
  if (r.mistake > 0) node.append(make("span", "mistake", "mistake " + r.mistake.toFixed(1)));
  if (r.search > 0) node.append(make("span", "search", "search " + r.search.toFixed(1)));
  if (r.luck) node.append(make("span", "", "luck"));
  if (r.lost) node.append(make("span", "warn", "success is lost from here on"));
  return node;
}

function call(c) {
  const node = make("div");
  const typed = make("div", "typed", c.tool === "evennia_command" ? "> " + c.typed : "");
  if (c.tool !== "evennia_command") {
    typed.append(make("small", "", c.tool), " " + (c.typed === "{}" ? "" : c.typed));
  }
  node.append(typed);
  if (c.regret) node.append(cost(c.regret));
  if (c.kind && c.kind !== "ok") node.append(make("div", "kind", c.kind));
  if (c.error) node.append(make("div", "kind", "error: " + c.error));
  if (c.seen) node.append(make("div", "seen", c.seen));
  for (const change of c.changes) node.append(make("div", "change", change));
  for (const line of c.followed) node.append(make("div", "change", line));
  return node;
}

function thought(text) {
  return make("details", "", "", make("summary", "quiet", "reasoning"), make("div", "thought", text));
}

function timeline(stages) {
  const node = make("div");
  stages.forEach((stage, i) => {
    const title = stages.length > 1 ? "Stage " + (i + 1) : "Task";
    node.append(make("h3", "", title + (stage.restart ? " (after a restart of the world)" : "")));
    node.append(make("div", "prompt", stage.prompt));
    for (const turn of stage.turns) {
      const row = make("div", "turn", "", make("span", "n", String(turn.n)));
      if (turn.thought) row.append(thought(turn.thought));
      if (turn.said) row.append(make("div", "said", turn.said));
      row.append(...turn.calls.map(call));
      node.append(row);
    }
  });
  return node;
}

function aside(d) {
  const node = make("div", "aside");
  if (d.map) {
    const image = make("img");
    image.alt = "Map of the world with the path walked";
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(d.map);
    node.append(image);
  }
  if (d.failure) node.append(make("p", "warn", d.failure));
  if (Object.keys(d.parts).length) {
    node.append(make("h3", "", "Reward"), ...Object.entries(d.parts).map((p) => meter(...p)));
    node.append(make("h3", "", "Goals"), ...Object.entries(d.goals).map((g) => meter(...g)));
  }
  if (d.reasons.length) {
    node.append(make("h3", "", "What it cost"));
    node.append(make("ul", "", "", ...d.reasons.map((r) => make("li", "", r))));
  }
  if (d.answer) node.append(make("h3", "", "Answer"), make("div", "typed", d.answer));
  const facts = make("dl");
  for (const [k, v] of Object.entries(d.facts)) facts.append(make("dt", "", k), make("dd", "", v));
  node.append(make("h3", "", "Facts"), facts);
  return node;
}

function build(sample) {
  const data = sample.querySelector('script[type="application/json"]');
  if (!data) return;
  const d = JSON.parse(data.textContent);
  data.remove();
  sample.querySelector(".body").append(make("div", "columns", "", timeline(d.stages), aside(d)));
}

const samples = [...document.querySelectorAll(".sample")];
for (const sample of samples) {
  sample.addEventListener("toggle", () => sample.open && build(sample));
}

const form = document.getElementById("filter");
function filter() {
  const text = form.elements.text.value.toLowerCase();
  let count = 0;
  for (const sample of samples) {
    const { outcome, family, task } = sample.dataset;
    sample.hidden = !((!form.elements.outcome.value || outcome === form.elements.outcome.value)
      && (!form.elements.family.value || family === form.elements.family.value)
      && task.toLowerCase().includes(text));
    count += !sample.hidden;
  }
  document.getElementById("count").textContent = count + " shown";
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());

function follow() {
  const sample = document.getElementById(location.hash.slice(1));
  if (sample && sample.matches(".sample")) {
    sample.open = true;
    sample.scrollIntoView();
  }
}
addEventListener("hashchange", follow);
filter();
follow();

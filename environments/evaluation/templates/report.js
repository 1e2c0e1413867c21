"use strict";
// Builds a sample when it is opened; filters, sorts and searches the list. Only text is ever set, no markup.

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

function stageHead(stage, i, many) {
  const title = many ? "Stage " + (i + 1) : "Task";
  return [make("h3", "", title + (stage.restart ? " (after a restart of the world)" : "")),
    make("div", "prompt", stage.prompt)];
}

function timeline(stages) {
  const node = make("div", "turns-of");
  stages.forEach((stage, i) => {
    if (i) node.append(...stageHead(stage, i, true));
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
  if (d.failure) node.append(make("h3", "", "Failed"), make("p", "warn", d.failure));
  if (Object.keys(d.parts).length) {
    node.append(make("h3", "", "Reward"), ...Object.entries(d.parts).map((p) => meter(...p)));
    node.append(make("h3", "", "Goals"), ...Object.entries(d.goals).map((g) => meter(...g)));
  }
  if (d.reasons.length) {
    node.append(make("h3", "", "What it cost"));
    node.append(make("ul", "", "", ...d.reasons.map((r) => make("li", "", r))));
  }
  if (d.answer) node.append(make("h3", "", "Answer"), make("div", "typed", d.answer));
  if (d.map) {
    const image = make("img");
    image.alt = "Map of the world with the way walked, in numbered order";
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(d.map);
    const zoom = make("button", "zoom", "", image);
    zoom.type = "button";
    zoom.title = "Larger";
    zoom.addEventListener("click", () => enlarge(image));
    node.append(make("h3", "", "Map"), zoom);
  }
  const facts = make("dl");
  for (const [k, v] of Object.entries(d.facts)) facts.append(make("dt", "", k), make("dd", "", v));
  const fold = make("details", "facts", "", make("summary", "", "Facts"), facts);
  fold.open = !narrow.matches;
  node.append(fold);
  return node;
}

// The whole window for one picture; a click or Escape closes it.
function enlarge(image) {
  const window = make("dialog", "", "", image.cloneNode());
  window.addEventListener("click", () => window.close());
  window.addEventListener("close", () => window.remove());
  document.body.append(window);
  window.showModal();
}

function build(sample) {
  const body = sample.querySelector(".body");
  if (!embedded.has(sample) || body.firstElementChild) return;
  const d = JSON.parse(embedded.get(sample));
  const [first] = d.stages;
  const head = make("div", "head", "", ...(first ? stageHead(first, 0, d.stages.length > 1) : []));
  body.append(make("div", "columns", "", head, aside(d), timeline(d.stages)));
}

const narrow = matchMedia("(max-width: 44rem)");
const samples = [...document.querySelectorAll(".sample")];
const embedded = new Map();
for (const sample of samples) {
  const data = sample.querySelector('script[type="application/json"]');
  if (data) embedded.set(sample, data.textContent);
  if (data) data.remove();
  sample.addEventListener("toggle", () => {
    if (!sample.open) return;
    build(sample);
    if (narrow.matches) show(sample); // it fills the screen: begin with its head
  });
}

// What is read of a sample, in small letters: all its texts but the picture.
const texts = new Map();
function words(sample) {
  if (!texts.has(sample)) {
    const { map, ...told } = JSON.parse(embedded.get(sample) || "{}");
    const found = [sample.dataset.task];
    JSON.stringify(told, (key, value) => {
      if (typeof value === "string") found.push(value);
      return value;
    });
    texts.set(sample, found.join("\n").toLowerCase());
  }
  return texts.get(sample);
}

const orders = {
  low: (a, b) => reward(a, 2) - reward(b, 2),
  high: (a, b) => reward(b, -1) - reward(a, -1),
  turns: (a, b) => b.dataset.turns - a.dataset.turns,
};
// Samples without a reward stand at the end.
function reward(sample, without) {
  return sample.dataset.reward === "" ? without : Number(sample.dataset.reward);
}

const PAGE = 30;
let limit = PAGE;
let order = "";
const list = document.getElementById("list");
const form = document.getElementById("filter");
const more = document.getElementById("more");
function filter() {
  const { outcome, family, text } = form.elements;
  const wanted = text.value.trim().toLowerCase();
  if (order !== form.elements.order.value) {
    order = form.elements.order.value;
    list.append(...(order ? [...samples].sort(orders[order]) : samples));
  }
  let count = 0;
  for (const sample of list.children) {
    const fits = (!outcome.value || sample.dataset.outcome === outcome.value)
      && (!family.value || sample.dataset.family === family.value)
      && (!wanted || words(sample).includes(wanted));
    count += fits;
    sample.hidden = !fits || count > limit;
  }
  const shown = Math.min(count, limit);
  document.getElementById("count").textContent =
    (shown < count ? shown + " of " + count : count) + " shown";
  more.hidden = shown === count;
  more.textContent = "Show all " + count;
}
form.addEventListener("input", () => {
  limit = PAGE;
  filter();
});
form.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", () => {
  limit = Infinity;
  filter();
});

function show(sample) {
  sample.scrollIntoView({ block: "start", behavior: "instant" });
}

function follow() {
  const target = document.getElementById(location.hash.slice(1));
  if (target && target.matches(".fold")) target.open = true;
  if (!target || !target.matches(".sample")) return;
  if (target.hidden) {
    form.reset();
    limit = Infinity;
    filter();
  }
  build(target);
  target.open = true;
  show(target);
}
addEventListener("hashchange", follow);
filter();
follow();

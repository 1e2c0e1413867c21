"""The report: whole, safe to open, and alive in a browser."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import pytest

from environments.evaluation.metrics import measure_run, scored
from environments.evaluation.plots import PlotRow, histogram, interval_plot
from environments.evaluation.regret import RolloutRegrets
from environments.evaluation.report import render_report
from environments.evaluation.run_identity import Run
from environments.evaluation.sample_detail import MAX_TEXT, sample_detail, walked_path
from environments.evaluation.setting_lines import setting_lines
from environments.evaluation.summary import summary_markdown
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.credit.regret import Regret
from environments.tasks.model import Family
from environments.tasks.value import Value
from tests.environments.branches import policy_plays
from world_fixtures.protocol import ResultKind
from world_fixtures.simulated import SimulatedPool

CHROMIUM = Path("/usr/bin/chromium")


def page(rollouts: list[Rollout], baselines=None, **given) -> str:
    tasks = list({r.task.id: r.task for r in rollouts}.values())
    run = Run.of(tasks, suite="made", model="tester", settings={"temperature": 0.0})
    beside = {name: scored(played) for name, played in (baselines or {}).items()}
    return render_report(run, rollouts, measure_run(scored(rollouts), beside), **given)


@pytest.fixture
def rollouts(rollout, task) -> list[Rollout]:
    return [
        rollout(task("walk/1", Family.NAVIGATION, 2), 1.0),
        rollout(task("fetch/2", Family.ERRAND, 3), 0.25),
        rollout(task("fetch/3", Family.ERRAND, 3), None),
    ]


def scripts(text: str) -> list[str]:
    return re.findall(r'<script type="application/json">(.*?)</script>', text, re.S)


def embedded(text: str) -> list[dict]:
    return [json.loads(one) for one in scripts(text)]


@pytest.mark.parametrize("outside", [True, False])
def test_a_memory_outside_the_world_is_told(rollouts, outside) -> None:
    run = Run.of([r.task for r in rollouts], suite="made", model="tester",
                 settings={"outside_memory": outside})  # fmt: skip
    metrics = measure_run(scored(rollouts))
    told = "of an agent with a memory outside the world"
    assert (told in render_report(run, rollouts, metrics)) is outside
    assert (told in summary_markdown(run, metrics)) is outside


def test_the_page_needs_no_network(rollouts) -> None:
    text = page(rollouts)
    links = re.findall(r"""(?:src|href|url\()\s*=?\s*["']?([^"'\s>)]+)""", text)
    assert not [link for link in links if link.startswith(("http", "//"))]
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_every_sample_with_its_timeline(rollouts) -> None:
    text = page(rollouts)
    details = embedded(text)
    assert len(details) == 3
    turn = details[0]["stages"][0]["turns"][0]
    assert turn["n"] == 1
    assert turn["calls"][0]["typed"] == "east"
    assert turn["calls"][0]["changes"] == ["agent.location: gate \u2192 court"]
    assert details[1]["reasons"]
    assert details[2]["failure"] == "the world server died"
    assert "1 (33.3 %) failed: unscored, and 0 only where that is said" in text


def test_unscored_rollouts_are_shown_by_kind_and_counted_as_0(rollouts) -> None:
    text = page(rollouts)
    assert "<th>unscored</th><th>mean reward, unscored as 0</th>" in text
    errand, walk = (text[text.index(f"<th>{f}</th>") :][:200] for f in ("errand", "navigation"))
    assert "<td>1 (50.0 %)</td>" in errand
    assert "<td>0</td>" in walk
    assert "mean reward, unscored as 0" in text[: text.index("<table")]
    assert text.count('class="hollow"') == 4  # all and errand; all and difficulty 3
    assert "without 1 unscored" in text
    scored_only = page(rollouts[:2])
    assert "unscored" not in scored_only.replace(style(scored_only), "")


def style(text: str) -> str:
    return text[text.index("<style>") : text.index("</style>")]


def test_turns_are_counted_over_all_stages(rollout) -> None:
    played = rollout("a", 1.0, turns=3)
    first, second = played.conversations[0][:3], played.conversations[0][3:]
    stages = (played.task.stages[0], played.task.stages[0])
    played = played.model_copy(
        update={
            "conversations": [first, second],
            "task": played.task.model_copy(update={"stages": stages}),
        }
    )
    shown = sample_detail(played)["stages"]
    assert [[t["n"] for t in s["turns"]] for s in shown] == [[1], [2, 3]]
    assert shown[1]["turns"][1]["calls"][0]["typed"] == "east"


def test_walked_path_follows_only_moves_that_happened(rollout) -> None:
    kinds = (ResultKind.OK, ResultKind.REFUSED, ResultKind.OK)
    assert walked_path(rollout("a", 1.0)) == ["gate", "court", "archive", "chapel"]
    played = rollout("a", 1.0, kinds=kinds[:2])
    assert walked_path(played)[:2] == ["gate", "court"]


def test_the_map_shows_the_path(rollout) -> None:
    drawn = sample_detail(rollout("a", 1.0))["map"]
    assert drawn.startswith("<svg")
    assert drawn.count('class="walk"') == 3


def test_hostile_text_stays_text(rollout, task, hostile) -> None:
    played = rollout(task(f"bad {hostile}"), 0.5, text=hostile)
    played = played.model_copy(update={"answer": {"field": hostile}})
    text = page([played])
    assert "<img" not in text
    assert text.count("<script>") == 1
    assert hostile in embedded(text)[0]["stages"][0]["turns"][0]["calls"][0]["seen"]


def test_long_text_is_cut_and_says_so(rollout) -> None:
    detail = sample_detail(rollout("a", 1.0, text="x" * (MAX_TEXT + 50)))
    seen = detail["stages"][0]["turns"][0]["calls"][0]["seen"]
    assert seen.endswith("(50 characters more)")


def test_what_does_not_fit_is_named_and_solved_samples_go_first(rollouts) -> None:
    sizes = [len(raw) for raw in scripts(page(rollouts))]
    text = page(rollouts, max_bytes=sum(sizes[1:]) + 100)
    assert len(embedded(text)) == 2
    assert "line 1 of samples.jsonl" in text


def test_baselines_stand_in_every_table(rollouts, rollout) -> None:
    baseline = [rollout(r.task, 0.125) for r in rollouts]
    text = page(rollouts, {"random": baseline})
    assert len(re.findall(r'<tr class="baseline"><th>random</th>', text)) == 2 + 1 + 2 + 1
    assert "random 0.12" in text


def test_nothing_scored_still_gives_a_page(rollout) -> None:
    assert "Nothing was scored" in page([rollout("a", None)])


def test_plots_escape_their_labels() -> None:
    plot = interval_plot([PlotRow("<b>&", 0.5, (0.4, 0.6), {"<i>": 0.1})], "a plot")
    assert "<b>" not in plot
    assert "<i>" not in plot
    assert histogram([0.0, 1.0, 1.0], "spread").count("<rect") == 2


def test_regrets_stand_beside_their_commands_and_the_costliest_are_linked(rollouts) -> None:
    def cost(seq: int, mistake: float, *, lost: bool = False, luck: bool = False) -> Regret:
        before, after = Value(3, True, (("west",),)), Value(None if lost else 3, True)
        total = mistake + 0.5
        return Regret(seq, 0, "east", before, after, total, mistake, 0.5, 0.0, luck, 20)

    costs = (cost(1, 0.0, luck=True), cost(2, 7.0, lost=True), cost(3, 1.0))
    second = rollouts[1]
    found = {second.id: RolloutRegrets(rollout=second.id, worlds=20, regrets=costs)}
    text = page(rollouts, regrets=found)
    shown = [t["calls"][0]["regret"] for t in embedded(text)[1]["stages"][0]["turns"]]
    assert [(r["mistake"], r["luck"], r["lost"]) for r in shown] == [
        (0.0, True, False), (7.0, False, True), (1.0, False, False)]  # fmt: skip
    assert embedded(text)[0]["stages"][0]["turns"][0]["calls"][0]["regret"] is None
    table = text[text.index('<table class="decisions">') :]
    rows = re.findall(r'href="#(sample-\d)">.*?</td><td>(\d)</td><td>(.*?)</td>', table)
    assert rows == [("sample-2", "2", "7.0"), ("sample-2", "3", "1.0")]
    assert "success lost" in table[: table.index("</tr>", table.index("<tbody>"))]
    assert "impossible in 1 of 1 rollouts" in text
    assert "turn 2: mistake 7.00, search 0.50 (mean of 1)" in text
    assert "1 scored rollouts have no regrets yet" in text


def test_branches_are_marked(rollouts) -> None:
    branch = rollouts[0].model_copy(update={"branch_of": "parent-0", "branch_turn": 2})
    text = page([branch, rollouts[1]])
    assert text.count("branch from turn 2") == 1
    assert embedded(text)[0]["facts"]["goes on from"] == "turn 2 of parent-0"


def test_samples_stand_before_plots_and_after_the_scores(rollouts) -> None:
    text = page(rollouts)
    places = [text.index(f'id="{name}"') for name in ("scores", "samples", "plots", "settings")]
    assert places == sorted(places)


def test_a_failed_sample_says_why_and_that_it_was_not_judged(rollouts) -> None:
    text = page(rollouts)
    row = text[text.index('id="sample-3"') :].partition("</summary>")[0]
    assert "the world server died" in row
    assert "no reward" in row
    assert "not judged and without a reward" in text
    assert '<option value="failed">failed (1)</option>' in text
    assert "not judged" not in page(rollouts[:2])


def test_settings_are_read_as_plain_lines() -> None:
    settings = {
        "weights": {"outcome": 0.6, "progress": 0.4}, "gate": {"allow": [], "mode": "enforce"},
        "thinking": False, "prompt": None, "toolsets": ["evennia", "notes"],
        "openai": [{"model": "a", "url": "http://localhost"}],
    }  # fmt: skip
    assert list(setting_lines(settings)) == [
        ("weights.outcome", "0.6"), ("weights.progress", "0.4"), ("gate.allow", "none"),
        ("gate.mode", "enforce"), ("thinking", "no"), ("prompt", "none"),
        ("toolsets", "evennia, notes"), ("openai.1.model", "a"),
        ("openai.1.url", "http://localhost"),
    ]  # fmt: skip


def test_the_footer_holds_no_python(rollout) -> None:
    played = rollout("a", 1.0)
    settings = {"weights": {"outcome": 0.6}, "gate": None, "servers": [{"name": "x"}]}
    run = Run.of([played.task], suite="made", model="tester", settings=settings)
    text = render_report(run, [played], measure_run(scored([played])))
    footer = text[text.index("<footer") : text.index("</footer>")]
    assert "<dt>weights.outcome</dt><dd>0.6</dd>" in footer
    assert not re.search(r"[{}\[\]]|&#39;|None", footer)


PROBE = """
<pre id="probe"></pre><script>
const sample = document.getElementById("sample-2");
sample.open = true;
setTimeout(() => {
  const found = { text: sample.querySelector(".body").textContent };
  const map = sample.querySelector(".zoom img");
  sample.querySelector(".zoom").click();
  found.larger = document.querySelector("dialog[open] img").width > map.width;
  document.querySelector("dialog").click();
  found.closed = document.querySelector("dialog[open]") === null;
  const shown = () => samples.filter((s) => !s.hidden).map((s) => s.id);
  form.elements.outcome.value = "solved"; filter(); found.solved = shown();
  form.elements.outcome.value = ""; form.elements.family.value = "errand"; filter();
  found.errand = shown();
  form.elements.family.value = ""; filter();
  form.elements.text.value = "SERVER DIED"; filter(); found.searched = shown();
  form.elements.text.value = ""; filter();
  const order = (name) => {
    form.elements.order.value = name; filter();
    return [...list.children].map((s) => s.id);
  };
  found.low = order("low"); found.high = order("high"); found.played = order("");
  limit = 2; filter(); found.limited = shown(); found.more = more.textContent;
  more.click(); found.all = shown();
  found.wide = document.documentElement.scrollWidth > innerWidth + 1;
  document.getElementById("probe").textContent = btoa(unescape(encodeURIComponent(
    JSON.stringify(found))));
}, 50);
</script>"""


def dumped(path: Path, tmp_path: Path) -> str:
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=390,800",
        "--virtual-time-budget=3000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
def test_in_a_browser_samples_open_and_filters_work(rollouts, tmp_path) -> None:
    text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page(rollouts))
    report = tmp_path / "report.html"
    report.write_text(text.replace("</body>", PROBE + "</body>"), "utf-8")
    found = re.search(r'<pre id="probe">([^<]+)</pre>', dumped(report, tmp_path))
    assert found is not None
    import base64

    probe = json.loads(base64.b64decode(found[1]))
    assert "> east" in probe["text"]
    assert "agent.location: gate \u2192 court" in probe["text"]
    assert "not there: You walk." in probe["text"]
    assert probe["larger"] is probe["closed"] is True
    assert probe["solved"] == ["sample-1"]
    assert probe["errand"] == ["sample-2", "sample-3"]
    assert probe["searched"] == ["sample-3"]
    assert probe["low"] == ["sample-2", "sample-1", "sample-3"]
    assert probe["high"] == ["sample-1", "sample-2", "sample-3"]
    assert probe["played"] == probe["all"] == ["sample-1", "sample-2", "sample-3"]
    assert probe["limited"] == ["sample-1", "sample-2"]
    assert probe["more"] == "Show all 3"
    assert probe["wide"] is False


PLACES = """
<pre id="probe"></pre><script>
const topOf = (node) => Math.round(node.getBoundingClientRect().top);
const found = { samples: topOf(document.getElementById("samples")) };
const [first, ...others] = samples;
first.firstElementChild.click();
setTimeout(() => {
  scrollTo(0, first.offsetTop + 2 * innerHeight);
  const last = samples.at(-1);
  last.firstElementChild.click();
  setTimeout(() => {
    found.opened = topOf(last);
    found.head = topOf(last.querySelector(".prompt"));
    location.hash = samples.at(-2).id;
    setTimeout(() => {
      found.followed = topOf(samples.at(-2));
      document.getElementById("probe").textContent = JSON.stringify(found);
    }, 200);
  }, 200);
}, 200);
</script>"""


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
def test_on_a_phone_a_sample_opens_at_its_top(rollout, task, tmp_path) -> None:
    played = [rollout(task(f"errand/{n}", Family.ERRAND, 3), 0.5, turns=20) for n in range(12)]
    text = re.sub(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", page(played))
    report = tmp_path / "report.html"
    report.write_text(text.replace("</body>", PLACES + "</body>"), "utf-8")
    found = re.search(r'<pre id="probe">([^<]+)</pre>', dumped(report, tmp_path))
    assert found is not None
    probe = json.loads(found[1])
    assert probe["samples"] < 800  # on the first screen of a phone
    assert 0 <= probe["opened"] < 30
    assert 0 < probe["head"] < 200
    assert 0 <= probe["followed"] < 30


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
def test_in_a_browser_hostile_text_does_nothing(rollout, task, hostile, tmp_path) -> None:
    report = tmp_path / "report.html"
    report.write_text(page([rollout(task(f"bad {hostile}"), 0.5, text=hostile)]), "utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text('<meta http-equiv="refresh" content="0;url=report.html#sample-1">')
    seen = dumped(frame, tmp_path)
    assert "<title>tester on made</title>" in seen
    assert html.escape(hostile, quote=False) in seen
    assert "<img src=x" not in seen
    assert seen.count("<img") == 1  # the map
    assert "&gt; east" in seen  # our own script ran under the policy


async def test_an_opened_sample_shows_what_others_did_after_each_command() -> None:
    task = make_task(Family.TIME, 1, 4, kind="follow")
    played = await policy_plays(SimulatedPool(), "oracle", task)
    calls = [c for s in sample_detail(played)["stages"] for t in s["turns"] for c in t["calls"]]
    shown = [line for call in calls for line in call["followed"]]
    assert len(shown) == sum(event.cause is not None for event in played.events)
    assert any(c.field == "noticed" for event in played.events for c in event.changes)
    assert not [line for call in calls for line in call["changes"] if ".noticed:" in line]
    names = {c.name for c in task.spec.characters} | {"time"}
    assert {line.partition(":")[0] for line in shown} <= names
    typed = [event.raw for event in played.events if event.cause is not None and event.raw]
    assert typed
    assert set(typed) <= {line.partition(": ")[2] for line in shown}

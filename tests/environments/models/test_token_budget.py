"""The estimate of a request's tokens, which ends a conversation before the endpoint refuses it."""

from __future__ import annotations

from pathlib import Path

from transformers import AutoTokenizer

from environments.models.chat import TokenBudget
from environments.tokenization.choice import use_template
from environments.tokenizer import PATH
from environments.tools.registry import tools_of


def test_tools_count_as_the_chat_template_tells_them():
    tools = [tool.schema for tool in tools_of(["evennia"]).values()]
    messages = [{"role": "user", "content": "Walk on to the end."}]
    counted = []
    for template in ("chat_template", "compact"):
        tokenizer = AutoTokenizer.from_pretrained(PATH)
        use_template(tokenizer, str(Path(PATH) / f"{template}.jinja"))
        exact = len(tokenizer.apply_chat_template(messages, tools=tools, return_dict=False))
        counted.append(TokenBudget(tokenizer)(messages, tools))
        assert exact <= counted[-1] <= exact + 30
    assert counted[1] < counted[0] - 200


def test_tools_are_rendered_once_for_all_conversations(monkeypatch):
    tokenizer = AutoTokenizer.from_pretrained(PATH)
    rendered = []
    render = tokenizer.apply_chat_template

    def counted(*args, **options):
        rendered.append(options)
        return render(*args, **options)

    monkeypatch.setattr(tokenizer, "apply_chat_template", counted)

    def tokens(**changed):
        tools = [tool.schema | changed for tool in tools_of(["evennia"]).values()]
        return TokenBudget(tokenizer)([{"role": "user", "content": "Walk."}], tools)

    first = tokens()
    assert len(rendered) == 2  # with the tools and without
    assert tokens() == first
    assert len(rendered) == 2
    assert tokens(strict=True) > first
    use_template(tokenizer, str(Path(PATH) / "compact.jinja"))
    assert tokens() < first

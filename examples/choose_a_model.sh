#!/bin/sh
# From an empty directory to one ranked page: three players, 25 tasks each, without network.
# Embedded policies stand in for models. For models of your own write a list such as
#
#     - {model: vendor/small, base_url: https://openrouter.ai/api/v1}
#     - model: my-model
#       base_url: http://localhost:9001/v1
#       sampling: {temperature: 0.7, top_p: 0.95, max_tokens: 2048}
#       prices: {input: 0.15, output: 0.60}        # US dollars per million tokens
#     - oracle                                     # an embedded policy, to compare with
#
# into models.yaml and give `--models models.yaml`. The same command continues what was stopped.
set -eu
out=${1:-runs/choice}
evennia=${EVENNIA_WORLD:-evennia-world}

$evennia evaluate --models oracle,noisy,scripted --suite basics --limit 25 --out "$out"

# Which differences are significant, and one page to send around.
$evennia compare "$out/oracle" "$out/noisy" "$out/scripted" --html "$out/comparison.html"

# The leaderboard again, when runs have come or gone.
$evennia leaderboard "$out" --title "Our choice"

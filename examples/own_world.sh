#!/bin/sh
# From an empty directory to a report on a world of one's own, as docs/authoring.md explains:
#
#   sh examples/own_world.sh [DIRECTORY]
#
# Plays with the embedded policy `oracle`: no model and no network.
set -eu
directory=${1:-$(mktemp -d)}
mkdir -p "$directory"
cd "$directory"

evennia-world new world my_house
evennia-world worlds check my_house.yaml
evennia-world new task ledger --world my_house.yaml
evennia-world tasks verify ledger.yaml
evennia-world new suite mine --world my_house.yaml --task ledger.yaml
evennia-world tasks verify mine.yaml
evennia-world evaluate --env.suite mine.yaml --env.policy oracle --env.data_dir_to_save_evals runs

echo "report: $directory/runs/report.html"
test -s runs/report.html

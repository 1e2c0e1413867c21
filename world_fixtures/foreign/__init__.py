"""Games that somebody else wrote, as worlds: prepared once, then a process for each rollout.

`source` says what a game is and how it is prepared, `snapshot` keeps what was prepared, and `site`
starts the process that has it loaded. All that imports Evennia, or the game, is in `inside` and
runs in that process. docs/games.md is the page for users.
"""

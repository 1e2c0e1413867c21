"""Tasks by family: what is asked, what counts as done, and the oracle's walkthrough."""

"""The proof that the environment teaches: a model is tuned, trained and measured on unseen tasks.

`programs.py` starts the programs of the chain, `stages.py` are its parts (data, tuning, measuring,
reinforcement learning), and `report.py` writes down what came of them.
"""

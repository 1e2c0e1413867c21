"""A small trainer for what `serve` delivers: policy gradients with an advantage for each token.

`batches.py` fetches batches from Atropos's rollout server, `loss.py` is the objective, `learner.py`
takes gradient steps, and `trainer.py` is the loop that also hands the new weights to the model
server. TRL's trainers bring their own rollouts, and the example trainer of Atropos reads scores
alone, so neither can use the advantages that this environment gives.
"""

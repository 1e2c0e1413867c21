"""Training a model on this environment, on a machine without a GPU.

`serving` gives exact tokens of a model that is being trained, `training` takes its gradient steps.
All of it needs the extra `train` (PyTorch, transformers, TRL).
"""

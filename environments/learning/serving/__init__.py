"""A server of exact tokens for Hugging Face models on a CPU.

`ragged.py` lets one forward pass hold conversations of different lengths, `engine.py` generates
for many at once and keeps what it has computed of each, `sampling.py` draws tokens, and `server.py`
speaks HTTP as vLLM does.
"""

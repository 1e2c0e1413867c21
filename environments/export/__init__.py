"""Rollouts in the formats that trainers and other tools read, one file a format.

files          rows as JSON Lines and as Parquet
tables         rows for SFT, DPO, KTO, and as plain text
preference     pairs of whole rollouts
step_pairs     pairs of next messages after the same messages, from branches
step_rewards   labels of single steps, for process reward models
judgement      regrets of decisions, computed in several processes
card           what an export holds and how it was made, for its reader
plain_text     conversations as plain text
hermes         trajectories in the form of hermes-agent
hermes_writer  the same, written while rollouts are played
tensorzero     inferences, feedback and datapoints of TensorZero
"""

from environments.export.files import Row, write, write_jsonl, write_parquet
from environments.export.hermes import hermes_files, hermes_lines
from environments.export.hermes_writer import HermesWriter
from environments.export.preference import Pair, preference_pairs
from environments.export.step_pairs import StepPair, step_pairs
from environments.export.step_rewards import step_rewards
from environments.export.tables import TABLES, table
from environments.export.tensorzero import tensorzero_files

__all__ = [
    "TABLES",
    "HermesWriter",
    "Pair",
    "Row",
    "StepPair",
    "hermes_files",
    "hermes_lines",
    "preference_pairs",
    "step_pairs",
    "step_rewards",
    "table",
    "tensorzero_files",
    "write",
    "write_jsonl",
    "write_parquet",
]

"""What rollouts leave, as data: records, training groups, training metrics, samples files.

messages           chat messages in OpenAI's form
record             Rollout, StopReason, ToolCallRecord
checkpoint         a rollout as it was at a turn, to be played on from there
event_calls        the events of a rollout with the tool calls that caused them
files              rollouts as lines of JSON and back
training_sequence  tokens, and which of them are trained
groups             scored rollouts -> the groups that Atropos trains on
metrics            training metrics between two log steps
owner              which file of groups the files beside it belong to
normalised         rollouts without what the clock put into them
"""

from environments.rollouts.checkpoint import Checkpoint
from environments.rollouts.event_calls import events_with_calls
from environments.rollouts.files import read_rollouts, read_samples, sample_line
from environments.rollouts.groups import ScoredRollout, fill_groups, scored_groups
from environments.rollouts.messages import FunctionCall, Message, ToolCall
from environments.rollouts.metrics import RolloutMetrics, RolloutTable
from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.rollouts.training_sequence import TrainingSequence

__all__ = [
    "Checkpoint",
    "FunctionCall",
    "Message",
    "Rollout",
    "RolloutMetrics",
    "RolloutTable",
    "ScoredRollout",
    "StopReason",
    "ToolCall",
    "ToolCallRecord",
    "TrainingSequence",
    "events_with_calls",
    "fill_groups",
    "read_rollouts",
    "read_samples",
    "sample_line",
    "scored_groups",
]

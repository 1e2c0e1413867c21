"""World events as training data: one trace a session, in a directory for each day.

layout           paths of traces
trace            TraceEvent and TraceMeta, the lines and the meta file
writer           appends events so that none is lost
recording        a finished rollout -> its trace
shared           an instance with several played characters -> the trace of each
live             sessions that another program runs, traced while they are played
reading          reads traces back and checks them
pairing          joins transcripts with traces
hermes_sessions  reads the sessions of hermes-agent
replay           plays traces again and compares
golden, schema   make the checked-in trace and the published JSON Schema
"""

from environments.telemetry.layout import find_traces, meta_path, root_path, trace_path
from environments.telemetry.reading import Trace, read_trace, validate_tree
from environments.telemetry.recording import record_rollout, trace_events, trace_meta
from environments.telemetry.shared import record_instance
from environments.telemetry.trace import TraceEvent, TraceMeta
from environments.telemetry.writer import TraceWriter

__all__ = [
    "Trace",
    "TraceEvent",
    "TraceMeta",
    "TraceWriter",
    "find_traces",
    "meta_path",
    "read_trace",
    "record_instance",
    "record_rollout",
    "root_path",
    "trace_events",
    "trace_meta",
    "trace_path",
    "validate_tree",
]

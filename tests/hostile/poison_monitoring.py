# expect: exception RuntimeError | class: poison
import sys

m = sys.monitoring
m.use_tool_id(1, "tar")
m.set_events(1, m.events.LINE | m.events.PY_START)
m.register_callback(1, m.events.PY_START, lambda *a: 1 / 0)
(lambda: 0)()

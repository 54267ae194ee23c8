# expect: exception AttributeError | class: exit
import signal

signal.alarm(1)

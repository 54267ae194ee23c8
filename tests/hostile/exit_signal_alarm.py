# expect: exception OSError | class: exit
import signal

signal.alarm(1)

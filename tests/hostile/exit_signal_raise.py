# expect: exception OSError | class: exit
import signal

signal.raise_signal(signal.SIGSEGV)

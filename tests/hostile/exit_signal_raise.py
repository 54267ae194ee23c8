# expect: exception AttributeError | class: exit
import signal

signal.raise_signal(signal.SIGSEGV)

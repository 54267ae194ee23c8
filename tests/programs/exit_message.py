import sys, atexit
atexit.register(print, "bye")
sys.exit("message")

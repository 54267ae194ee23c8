# expect: exception KeyError | class: poison
import builtins

builtins.SystemExit = KeyError
exit(3)

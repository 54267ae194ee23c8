# expect: exception NameError | class: result | function: main
"""The runner looks for main among names that are no names."""
globals().update({5: 6, None: 7, (1,): print})

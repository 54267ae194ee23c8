class Custom(Exception):
    pass
error = Custom("one", 2)
error.add_note("a note\nof two lines")
raise error

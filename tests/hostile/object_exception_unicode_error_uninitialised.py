# expect: exception UnicodeDecodeError | class: object
raise UnicodeDecodeError.__new__(UnicodeDecodeError)

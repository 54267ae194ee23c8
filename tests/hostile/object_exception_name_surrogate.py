# expect: exception UnicodeEncodeError | class: object
raise type("\ud800", (Exception,), {})

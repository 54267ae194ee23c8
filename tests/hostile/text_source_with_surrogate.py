# expect: exception UnicodeEncodeError | class: text
exec("x = '\ud800'")

def fail(kind):
    raise kind("why")
errors = []
for kind in (ValueError, TypeError):
    try:
        fail(kind)
    except Exception as error:
        errors.append(error)
errors.append(ExceptionGroup("inner", [OSError(2, "No such file or directory")]))
raise ExceptionGroup("several", errors)

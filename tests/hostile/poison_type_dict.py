# expect: exception TypeError | class: poison
int.__dict__["__add__"] = None

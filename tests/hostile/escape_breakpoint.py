# expect: exception BdbQuit | class: escape | timeout: 10
breakpoint()

# expect: ok | class: escape | function: main
def main():
    try:
        1 / 0
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_frame
    while frame.f_back:
        frame = frame.f_back
    return sorted(frame.f_globals)[:3] != []

def refute_by_bound(program):
    return None

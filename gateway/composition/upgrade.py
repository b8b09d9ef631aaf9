def upgrade(s):
    for x in s: x.upgraded = x.federation is None
    return s, []

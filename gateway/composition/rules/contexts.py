from gateway.composition.facts import Facts
def wrong_contexts(facts): return []

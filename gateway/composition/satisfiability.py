from dataclasses import dataclass
@dataclass
class Budget: n: int = 0
def unsatisfied(m, b): return []

"""Planning: which subgraphs are asked what, in which order, for one operation."""

from gateway.planning.labels import LabelRules
from gateway.planning.plan import Plan
from gateway.planning.planner import plan_operation
from gateway.planning.show import plan_json, print_plan

__all__ = ["LabelRules", "Plan", "plan_json", "plan_operation", "print_plan"]

def merged_mistakes(merge): return []

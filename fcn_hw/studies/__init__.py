"""Studies: many trainings of one design, from one float network.

levels.py     the design at several precisions and from several seeds: ``fcn-hw levels``
sensitivity/  what each layer loses with fewer bits: ``fcn-hw sensitivity``
sparsity/     zeros among the weights, and pruning: ``fcn-hw sparsity``
search/       the precision of each layer, accuracy against cost: ``fcn-hw search``
pool.py       the worker processes
kept.py       what was found out, in files by digest
"""

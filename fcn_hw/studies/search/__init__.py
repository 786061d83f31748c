"""The search for the precision of each layer: accuracy against cost in hardware.

space.py         what a layer can have, and configurations
formats.py       what the float network makes of a number of bits: format, and loss it costs
variants.py      the graph of a configuration, without a Keras model
pricing.py       what a graph costs at the folds of the design
part_costs.py    what the choices of a configuration add to that cost
budget.py        what a configuration may use of the board
first_choice.py  the first configurations, by integer programming
storage.py       where a study is kept: databases and journal files, and their locks
journal.py       Optuna's journal file, with heartbeats
trials.py        the trials of a study: nothing twice, nothing lost
evaluation.py    retraining and pricing of one configuration, a job of the pool of workers
front.py         the Pareto front, its files and pictures
points.py        a design.yaml for each point of the front
setting.py       the options, and the design that is searched
run.py           all of it: ``fcn-hw search``
"""

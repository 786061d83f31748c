"""The search for the precision of each layer: accuracy against cost in hardware.

space.py         what a layer can have, and configurations
formats.py       what the float network makes of a number of bits: format, and loss it costs
variants.py      the graph of a configuration, without a Keras model
pricing.py       what a graph costs at the folds of the design
first_choice.py  the first configurations, by integer programming
place.py         where a study is kept, and the door that one process at a time goes through
desk.py          which trial a worker evaluates: nothing twice, nothing lost
evaluation.py    retraining and pricing of one configuration, remembered by digest
worker.py        a process that evaluates
front.py         the Pareto front, its files and pictures
points.py        a design.yaml for each point of the front
run.py           all of it: ``fcn-hw search``
"""

"""The colours of the lab: Okabe and Ito's, safe for the colour-blind. The same quantity has the same one everywhere."""

TRAINING = "#0072B2"
VALIDATION = "#E69F00"
CORRECT = "#009E73"
WRONG = "#D55E00"
NEUTRAL = "#7F7F7F"
# Layer by layer, first to last; none of them is a colour that means something else.
LAYERS = ("#CC79A7", "#56B4E9", "#8C6100", "#004D73", "#F0E442", "#7F7F7F", "#AA4499")
# Run beside run, or recipe beside recipe; each has a letter as well. The earlier two stand in the list, the less they
# are alike to any eye, on white and on black.
RUNS = ("#56B4E9", "#8C6100", "#7F7F7F", "#AA4499", "#CBB26A", "#CC79A7")
# What tells curves apart besides their colour, by Plotly's names: so many colours are not told apart by all eyes.
SIGNS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "star", "x")

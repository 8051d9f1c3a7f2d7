"""The lab's colours: Okabe and Ito's, safe for the colour-blind. A quantity has the same colour everywhere."""

TRAINING = "#0072B2"
VALIDATION = "#E69F00"
CORRECT = "#009E73"
WRONG = "#D55E00"
NEUTRAL = "#7F7F7F"
# For layers, first to last; none of these has another meaning.
LAYERS = ("#CC79A7", "#56B4E9", "#8C6100", "#004D73", "#F0E442", "#7F7F7F", "#AA4499")
# For runs or recipes that are compared; each has a letter as well. The earlier two colours stand in the list, the
# easier they are to tell apart, with any kind of colour vision, on white and on black.
RUNS = ("#56B4E9", "#8C6100", "#7F7F7F", "#AA4499", "#CBB26A", "#CC79A7")
# Markers, by Plotly's names, that tell curves apart besides their colour: not every eye can tell so many colours apart.
SIGNS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "star", "x")

"""The colours of the lab: Okabe and Ito's, safe for the colour-blind. The same quantity has the same one everywhere."""

TRAINING = "#0072B2"
VALIDATION = "#E69F00"
CORRECT = "#009E73"
WRONG = "#D55E00"
NEUTRAL = "#7F7F7F"
# Layer by layer, first to last; none of them is a colour that means something else.
LAYERS = ("#CC79A7", "#56B4E9", "#8C6100", "#004D73", "#F0E442", "#7F7F7F", "#AA4499")
# Run beside run, or recipe beside recipe; each has a letter as well.
RUNS = ("#AA4499", "#56B4E9", "#8C6100", "#CC79A7", "#004D73", "#7F7F7F")

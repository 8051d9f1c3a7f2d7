"""The colours of the lab: Okabe and Ito's, safe for the colour-blind. The same quantity has the same one everywhere."""

TRAINING = "#0072B2"
VALIDATION = "#E69F00"
CORRECT = "#009E73"
WRONG = "#D55E00"
NEUTRAL = "#7F7F7F"

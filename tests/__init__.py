"""The tests; `IN_TURN` is the group of those that start servers, engines and browsers, one after another."""

IN_TURN = "in turn"

"""The closed loop of a card (闭环): where it stands, who may do what next, and why not."""

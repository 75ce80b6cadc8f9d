"""How much of an effect of HIGH is left when it is delayed, controlled for, or without crises."""

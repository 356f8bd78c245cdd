"""What the planner's tests are told with: a small Azure, a small ledger, and specs that can be edited."""

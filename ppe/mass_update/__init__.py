"""One action on many accounts. The modules, in the order in which a mass update passes through them:

- `choices`: what is to change, as it is typed, kept and said (pure)
- `beginning`: whom it is for, ticked or found by a filter, becomes a row that a worker takes up
- `deciding`: an account and the choices -> what would change, or why nothing does (pure)
- `preparing`: the worker makes a row of every account, batch by batch; nothing changes yet
- `harm`: how many are shut out by it: over the limit, their number has to be typed
- `review`: the rows page by page; applied or cancelled
- `applying`: the worker changes the accounts, batch by batch, each with its outcome in one transaction
- `line`: the worker takes it as far as it goes now; who works on which is said in ppe/work.py
- `forgetting`: what is old goes
"""

"""People from a file. The modules, in the order in which a file passes through them:

- `decoding`: bytes -> text, or a sentence on why not
- `upload`: the text goes into the database in pieces, so that any worker on any machine can read it
- `records`: text -> lines -> fields, whatever is wrong with a line (pure)
- `columns`: which format it is, and which column means what (pure)
- `person`: the fields of one line -> an account to make, or what is wrong with them (pure)
- `reading`: the worker makes rows of the lines, batch by batch, and finds addresses that are taken or there twice
- `review`: the rows page by page, ticked, accepted or cancelled
- `applying`: the worker makes the accounts, batch by batch, each with its outcome in one transaction
- `line`: the worker takes an import as far as it goes now; who works on which is said in ppe/work.py
- `forgetting`: what is old goes
"""

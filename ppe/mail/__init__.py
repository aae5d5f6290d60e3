"""Mail, from the wish to the wire. The modules, in the order in which a mail passes through them:

- `outbox`: whoever wants a mail adds a row, in the transaction of the deed
- `letters`: the row and what it is about -> to whom, and which words; `notice_words` has those of notices
- `mailer`: the worker composes what is due and sends it, mail by mail
- `smtp`: the line to the mail server, and what its refusals mean
"""

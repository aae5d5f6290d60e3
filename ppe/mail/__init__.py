"""Mail, between the outbox, into which whoever wants one puts a row (ppe/outbox.py), and the wire (ppe/smtp.py):

- `letters`: a row and what it is about -> to whom, and which words; `notice_words` has those of notices
- `mailer`: the worker composes what is due and sends it, mail by mail
"""

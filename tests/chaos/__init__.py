"""`make chaos`: a practice tenant that changes while everything around it is killed, slowed, throttled and cut.

- processes: tenant, web and worker as real processes, started, killed and paused
- house: the installation they belong to: its database, its mailbox, its administrator's browser
- directory: the tenant's truth, kept here while it is changed over there
- storm: what goes wrong, drawn from one seed
- ledger: what has to be true when it is over
- story: all of it in order
"""

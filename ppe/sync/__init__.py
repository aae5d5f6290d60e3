"""The sync, in the order of a run: pull → plan → review → apply → report.

- schedule: is a sync due, and when next? (pure)
- connection: the settings of one organisation's directory, saved and tested
- choices: what the settings page may choose, and what is wrong with a choice (pure)
- checks: what Test connection asks, in order
- run: the line itself, and who may move a run along it
- claim: who works on which run
- wire: one bounded HTTP exchange: limits, retries, no redirects
- login: the tenant behind a domain, and a token to read it
- graph: Microsoft Graph: pages in, typed errors out
- entry: one user or group, as the directory's words say it (pure)
- pull: from the first page to the last, going on after a crash as after a page
- mirror: what the directory said, stored
- pairs: which objects of the mirror differ from which accounts
- change: the values that a plan is made of (pure)
- plan: directory + account + options -> change (pure)
- planning: the plan as rows, behind each page and once over the whole mirror
- contest: who gets an address that several want (pure)
- closing: what only the whole mirror can tell: contests settled, changes linked
- membership: who joins and who leaves which group
- review: look through, tick, exempt, accept
- fields: the fields of a change in the words of the page (pure)
- apply: carry out what is ticked, in batches, each change exactly once
- tallies: what is counted of a run for good
- report: outcomes -> summary, for page and mail (pure)
"""

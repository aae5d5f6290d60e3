"""What administrators do by hand with people and functional accounts, and what the page of one shows.

- `details`: what a form says of a person, and what is wrong with it; `functional_details` of a functional account
- `by_hand`: add, edit, deactivate, activate and remove
- `switching`: role, digest and state of many at once, for whoever keeps the record
- `restored`: a removed account comes back
- `members_by_hand`: who is in a functional account that no directory knows
- `conversion`: people become functional accounts, and people again
- `person`: the directory's words beside ours, and what happened to an account
- `planned`: what a list that waits would do to it
"""

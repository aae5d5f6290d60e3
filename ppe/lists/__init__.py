"""Lists of accounts that stay quick at a hundred thousand rows. The modules, from what is asked to what is shown:

- `search`: what a filter finds, as SQL
- `walking`: a page of what is too much to look at as a whole
- `paging`: pages by key
- `listings`: the rows of users, functional accounts, groups and members, with what their lists show
- `exempt_accounts`: whom the exemptions on a page are about
- `exports`: whatever a filter finds, as files
"""

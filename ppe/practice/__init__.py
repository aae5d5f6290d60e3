"""The practice tenant: a Microsoft Entra tenant on loopback, to try, test and measure the product with.

It speaks Microsoft's wire format: `login` is the sign-in host, `authorise` and `sign_out` its pages, `graph` the Graph
host with its `listings` and `rounds` (delta). Both answer from a `tenant`, whose `directory` keeps a `journal` of every
change; `people` and `groups` are the changes there are. `company` invents a tenant, `recording` replays one, `state`
keeps one in a file. `weather` is what can go wrong, `front` the page on which a person changes all this, `console` the
same as JSON, `server` all of it.

What the product sends arrives too: mails at `mailbox`, a real mail server, texts at `phone`, a gateway. Both keep them
in an `inbox`, and `messages` are the pages on which a person reads them.

It imports nothing from the product, and where it differs from Microsoft it is wrong.
"""

"""Pages of the sites that sign their requests, one module per platform.

Each function returns the BrowserAction for one kind of request. URLs and selectors are those that public crawlers use.
If a site changes them, its page does not send the expected request, and the slice is partial with that reason.
"""

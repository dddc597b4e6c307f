"""The pages of the sites that sign their requests: where a reader finds what a spider asks for, one module a platform.

Each function returns the PageVisit for one kind of request. Addresses and selectors are those that public crawlers use;
where a site has changed them, the page does not send what is waited for, and the slice is partial with that reason.
"""

"""Where mail comes from. `base.MailSource` is the port; one file beside it for each kind."""

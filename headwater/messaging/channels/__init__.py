"""Where mails leave the house: SMTP, and the demo's own server that catches them. The only network code here."""

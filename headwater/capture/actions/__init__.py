"""Writing sites, forms, submissions and assets: one verb each."""

from __future__ import annotations

from .assets import LinkGone, count_download, create_asset, make_link, update_asset
from .consents import Submission
from .forms import create_form, update_form
from .sites import create_site, update_site
from .submit import Submitted, form_token, keep_spam, release_spam, submit_form, token_age

__all__ = [
    "LinkGone",
    "Submission",
    "Submitted",
    "count_download",
    "create_asset",
    "create_form",
    "create_site",
    "form_token",
    "keep_spam",
    "make_link",
    "release_spam",
    "submit_form",
    "token_age",
    "update_asset",
    "update_form",
    "update_site",
]
